"""Counting by address: every spelling of one client counts as that client."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixsvc.common.addresses import network
from txsockjs._protocol.addresses import counted_as, parse_address


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::FFFF:c000:207%eth0", "192.0.2.7"),
        ("64:ff9b::192.0.2.7", "192.0.2.7"),
        ("2001:DB8:1:2::3", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("no:address", "no:address"),
    ],
)
def test_every_spelling_of_an_address_counts_as_one(address: str, counted: str) -> None:
    assert counted_as(address) == counted


@given(st.ip_addresses())
def test_sessions_are_counted_as_mixsvc_counts_everything_else(address: object) -> None:
    assert counted_as(str(address)) == network(str(address))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("[::FFFF:c000:207]:4711", "192.0.2.7"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("[fe80::1%eth0]:4711", "fe80::1%eth0"),
    ],
)
def test_a_proxy_may_write_an_address_in_several_ways(text: str, address: str) -> None:
    assert str(parse_address(text)) == address


OTHERS = [
    "",
    "unknown",
    "1.2.3.4:5:6",
    "[::1",
    "1.2.3.4:",
    "2001:db8::1:x",
    ":80",
    "[]:80",
    "_x",
    "fe80::1%a b",
    "[1.2.3.4]:80",
]


@pytest.mark.parametrize("text", OTHERS)
def test_whatever_names_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_address(text)
