"""Hosts that requests may name."""

import pytest

from mixsvc.http.hosts import is_one_of

HOSTS = frozenset(("example.org", "*.example.net", "[::1]", "127.0.0.1"))


@pytest.mark.parametrize(
    "host",
    [
        b"example.org",
        b"EXAMPLE.org:8080",
        b"example.org.",
        b"a.example.net",
        b"a.b.example.net:1",
        b"[::1]:80",
        b"[::1]",
    ],
)
def test_ports_and_case_do_not_matter(host: bytes) -> None:
    assert is_one_of(host, HOSTS)


@pytest.mark.parametrize(
    "host",
    [None, b"", b"org", b"a.example.org", b"example.net", b"badexample.net", b"example.org.evil", b"[::2]", b"::1"],
)
def test_other_hosts_do_not_match(host: bytes | None) -> None:
    assert not is_one_of(host, HOSTS)
