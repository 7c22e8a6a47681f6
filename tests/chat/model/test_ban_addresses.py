"""The address that a ban of a person applies to."""

import pytest

from mixsvc.chat.model import ban_addresses
from mixsvc.chat.model.people import Client, Person
from tests.chat.fakes import FakeTransport


def person(id: str, *from_addresses: str) -> Person:
    found = Person(id, id)
    found.clients |= {Client(FakeTransport(None, "192.0.2.1"), address) for address in from_addresses}
    return found


def to_ban(troll: Person, everyone: list[Person]) -> list[str]:
    return list(ban_addresses.addresses_to_ban(troll.id, [each.address for each in troll.clients], everyone))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::/64", "2001:db8::/64"),
    ],
)
def test_an_address_is_kept_in_one_spelling(text: str, kept: str) -> None:
    assert ban_addresses.banned_address(text) == kept


@pytest.mark.parametrize("text", ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "nowhere", "", "1.2.3", "/64"])
def test_a_network_or_no_address_at_all_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        ban_addresses.banned_address(text)


def test_an_address_that_nobody_else_uses_is_banned() -> None:
    troll = person("troll", "198.51.100.1")

    assert to_ban(troll, [troll, person("ann", "198.51.100.2")]) == ["198.51.100.1"]


def test_an_address_that_others_use_is_not_banned() -> None:
    troll = person("troll", "198.51.100.1", "2001:db8::/64")

    assert to_ban(troll, [troll, person("ann", "198.51.100.1")]) == ["2001:db8::/64"]
    assert to_ban(person("troll", "198.51.100.1"), [person("ann", "198.51.100.1")]) == []


def test_another_window_of_the_same_person_is_no_other() -> None:
    troll, window = person("troll", "198.51.100.1"), person("troll", "198.51.100.1")

    assert to_ban(troll, [troll, window]) == ["198.51.100.1"]


@pytest.mark.parametrize("address", ["127.0.0.1", "::/64", "", "unix"])
def test_this_machines_own_addresses_are_not_banned(address: str) -> None:
    troll = person("troll", address)

    assert to_ban(troll, [troll]) == []
