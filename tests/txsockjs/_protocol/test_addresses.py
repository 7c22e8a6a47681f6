"""Counting by address: every spelling of one client counts as that client."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixsvc.common.addresses import network
from txsockjs._protocol.addresses import counted_as


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
