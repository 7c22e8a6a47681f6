"""Hosts and proxies, as they are written in the settings."""

from ipaddress import ip_network

import pytest

from mixsvc.config.network import hosts, proxies


def test_addresses_networks_and_unix_are_proxies() -> None:
    assert proxies("127.0.0.1, 10.0.0.0/8 unix") == (ip_network("127.0.0.1/32"), ip_network("10.0.0.0/8"), "unix")
    assert proxies("::ffff:192.0.2.7, ::ffff:10.0.0.0/104") == (ip_network("192.0.2.7/32"), ip_network("10.0.0.0/8"))
    assert proxies("") == ()


@pytest.mark.parametrize("text", ["10.0.0.1/8", "localhost", "unix:/run/x", "10.0.0.1:80"])
def test_anything_but_a_proxy_is_refused_with_advice(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not an address; give IP addresses or networks, such as 127\.0\.0\.1"):
        proxies(text)


def test_names_patterns_and_addresses_are_hosts() -> None:
    text = "Example.org, *.example.org 127.0.0.1 [::1] web_1"

    assert hosts(text) == ("example.org", "*.example.org", "127.0.0.1", "[::1]", "web_1")
    assert hosts("") == ()


@pytest.mark.parametrize(
    "text", ["http://example.org", "example.org:80", "::1", "[x]", "*", "*.", "a.*.b", "-a", "a..b", "a/b", "[::1]:80"]
)
def test_anything_but_a_host_is_refused_with_advice(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a host; give names such as example\.org"):
        hosts(text)
