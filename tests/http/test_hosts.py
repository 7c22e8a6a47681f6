"""Hosts that requests may name."""

import pytest
from twisted.internet.task import Clock

from mixsvc.http.head import read_fields
from mixsvc.http.hosts import is_one_of, replace_host
from mixsvc.http.request import MixRequest
from tests.http.memory_site import Echo, connect, make_site

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


def test_another_host_is_put_in_the_headers_of_one_request_only() -> None:
    """Requests with the same fields share what is made of them."""
    channels = [connect(make_site(Clock(), Echo()))[0] for _ in range(2)]
    fields = read_fields(b"Host: example.org\r\n", b"1")
    one, other = [MixRequest(channel) for channel in channels]
    for request, channel in zip((one, other), channels, strict=True):
        request.take_fields(fields)
        request.begin_response(channel.senders.of(fields), ())

    replace_host(one, b"public.example.org")

    assert one.getHeader(b"host") == b"public.example.org"
    assert other.getHeader(b"host") == b"example.org"
    assert one.sender is not None
    assert other.sender is not None
    assert one.sender.fields.values[b"host"] == b"public.example.org"
    assert other.sender.fields is fields
