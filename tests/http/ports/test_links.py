"""The link to an open port."""

from typing import Any

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory
from twisted.internet.ssl import CertificateOptions
from twisted.protocols.tls import TLSMemoryBIOFactory

from mixsvc.http.ports.links import link_to


class OpenPort:
    def __init__(self, address: IAddress, factory: Any = None) -> None:
        self._address, self.factory = address, factory

    def getHost(self) -> IAddress:
        return self._address


def link(address: IAddress, description: str = "tcp:8080", *hosts: str) -> str:
    port: Any = OpenPort(address)
    return link_to(port, description, frozenset(hosts))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (IPv4Address("TCP", "127.0.0.1", 8080), "http://127.0.0.1:8080/"),
        (IPv4Address("TCP", "192.0.2.7", 80), "http://192.0.2.7:80/"),
        (IPv6Address("TCP", "::1", 8080), "http://[::1]:8080/"),
        (IPv6Address("TCP", "fe80::1%eth0", 8080), "http://[fe80::1%25eth0]:8080/"),
        (IPv4Address("TCP", "0.0.0.0", 8080), "http://127.0.0.1:8080/ and every other IPv4 address of this machine"),
        (IPv6Address("TCP", "::", 8080), "http://[::1]:8080/ and every other address of this machine"),
        (UNIXAddress(b"/run/x.sock"), "/run/x.sock"),
        (UNIXAddress(b"\0mixsvc"), "@mixsvc"),
    ],
)
def test_it_is_what_a_browser_of_this_machine_can_open(address: IAddress, said: str) -> None:
    assert link(address) == said


def test_a_port_with_tls_has_https() -> None:
    factory = TLSMemoryBIOFactory(CertificateOptions(), False, Factory())
    port: Any = OpenPort(IPv4Address("TCP", "127.0.0.1", 8443), factory)

    assert link_to(port, "ssl:8443") == "https://127.0.0.1:8443/"


def test_a_port_that_expects_a_proxy_has_its_address_only() -> None:
    assert link(IPv4Address("TCP", "127.0.0.1", 8080), "haproxy:tcp:8080") == "127.0.0.1:8080"


def test_a_site_that_answers_for_other_hosts_only_has_its_address_and_their_names() -> None:
    address = IPv4Address("TCP", "127.0.0.1", 8080)

    assert link(address, "tcp:8080", "example.org", "*.example.net") == "127.0.0.1:8080 for *.example.net, example.org"
    assert link(address, "tcp:8080", "example.org", "127.0.0.1") == "http://127.0.0.1:8080/"
