"""Addresses: every spelling of one client counts as that client."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv6Address, UNIXAddress

from mixsvc.common.addresses import (
    is_ipv6,
    is_loopback,
    network,
    normal_address,
    parse_address,
    parse_network,
    peer_network,
)

ANYTHING = st.one_of(st.text(), st.ip_addresses().map(str))


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::FFFF:192.0.2.7", "192.0.2.7"),
        ("::ffff:c000:207", "192.0.2.7"),
        ("0:0:0:0:0:ffff:c000:0207", "192.0.2.7"),
        ("::ffff:192.0.2.7%eth0", "192.0.2.7"),
        ("64:ff9b::192.0.2.7", "192.0.2.7"),
        ("0064:FF9B:0:0:0:0:c000:207", "192.0.2.7"),
        ("64:ff9b:1::192.0.2.7", "64:ff9b:1::/64"),
        ("2002:c000:207::1", "2002:c000:207::/64"),
        ("2001:db8:1:2:aaaa:bbbb:cccc:dddd", "2001:db8:1:2::/64"),
        ("2001:0DB8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:0db8:0001:0002:0000:0000:0000:0001", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("FE80::2%wlan0", "fe80::/64"),
    ],
)
def test_every_spelling_of_an_address_counts_as_one_network(address: str, counted_as: str) -> None:
    assert network(address) == counted_as


@pytest.mark.parametrize("text", ["", "unix", "192.0.2.300", "192.0.2.07", " 192.0.2.7", "::1::", "/run/chat.sock"])
def test_a_text_that_is_no_address_stays_as_it_is(text: str) -> None:
    assert network(text) == text


def test_a_client_counts_as_its_network_and_one_of_a_unix_socket_as_none() -> None:
    assert peer_network(IPv6Address("TCP", "2001:db8:1:2::1", 80)) == "2001:db8:1:2::/64"
    assert peer_network(UNIXAddress(None)) == peer_network(None) == ""


@given(ANYTHING)
def test_the_network_of_a_network_is_the_same(address: str) -> None:
    assert network(network(address)) == network(address)


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_parsed_as_ipv4(address: object) -> None:
    assert parse_address(f"::ffff:{address}") == parse_address(str(address)) == address


@given(st.ip_addresses(v=4))
def test_a_translated_address_counts_as_ipv4_and_is_another_address(address: object) -> None:
    assert network(f"64:ff9b::{address}") == str(address)
    assert parse_address(f"64:ff9b::{address}") != address


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("0:0:0:0:0:ffff:c000:207", "192.0.2.7"),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
        ("FE80::1%eth0", "fe80::1%eth0"),
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.07", "192.0.2.07"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_an_address_has_one_spelling(text: str, spelled: str) -> None:
    assert normal_address(text) == spelled


def test_an_address_keeps_the_name_of_its_interface() -> None:
    assert str(parse_address("FE80::1%eth0.1")) == "fe80::1%eth0.1"


@pytest.mark.parametrize(
    "text", ["", "localhost", "192.0.2.7:80", "10.0.0.0/8", "[::1]", "fe80::1%", "fe80::1%a b", "fe80::1%\x1b[2J"]
)
def test_a_text_that_spells_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_address(text)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.0/255.0.0.0", "10.0.0.0/8"),
        ("192.0.2.7", "192.0.2.7/32"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ("::FFFF:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("::/0", "::/0"),
    ],
)
def test_a_mapped_network_is_parsed_as_ipv4(text: str, parsed: str) -> None:
    assert parse_network(text) == ip_network(parsed)


@pytest.mark.parametrize("text", ["", "10.0.0.1/8", "10.0.0.0/33", "localhost", "2001:db8::1/64"])
def test_a_text_that_spells_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_network(text)


@given(st.ip_addresses().filter(lambda address: not str(address).startswith("64:ff9b::")))
def test_a_network_holds_the_addresses_that_count_as_it(address: object) -> None:
    counted = parse_network(network(str(address)))

    assert parse_address(str(address)) in counted


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
def test_this_machines_own_addresses_are_loopback(address: str) -> None:
    assert is_loopback(network(address))
    assert is_loopback(address)


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::1", "0.0.0.0", "::ffff:192.0.2.7"])
def test_others_addresses_are_not_loopback(address: str) -> None:
    assert not is_loopback(network(address))


@given(st.ip_addresses(v=6))
def test_the_usual_spelling_of_ipv6_is_recognised(address: object) -> None:
    assert is_ipv6(str(ip_address(str(address))))


@pytest.mark.parametrize("text", ["2001:DB8::1", "2001:0db8::1", "0:0:0:0:0:0:0:1", "127.0.0.1", "[::1]", ""])
def test_other_spellings_of_ipv6_are_not(text: str) -> None:
    assert not is_ipv6(text)
