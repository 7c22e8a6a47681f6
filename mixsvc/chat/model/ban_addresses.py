"""The address that a ban applies to. Pure."""

from collections.abc import Iterable

from mixsvc.chat.model.people import Person
from mixsvc.common.addresses import SUBSCRIBER_BITS, is_loopback, network, parse_network

__all__ = ["address_to_ban", "parse_address"]


def parse_address(text: str) -> str:
    """Returns an address as sanctions keep it: for IPv6 its /64 network, which the text may also name.

    Raises ValueError with a sentence for the moderator.
    """
    try:
        found = parse_network(text)
    except ValueError:
        raise ValueError(f"{text[:50]!r} is not an IP address.") from None
    # IPv4 prefixes are shorter, so every IPv4 network is refused here.
    if "/" in text and found.prefixlen != SUBSCRIBER_BITS:
        raise ValueError(f"{text[:50]!r} is a network; give a single address, or for IPv6 a /64 network.")
    return network(text.partition("/")[0])


def address_to_ban(person: str, addresses: Iterable[str], everyone: Iterable[Person]) -> str:
    """Returns the address that a ban of a person applies to, "" for none.

    person: as Person.id. addresses: those of the person's clients, or of the last one of a person who has left. It is
    never an address of this machine, nor one that others use too: they may share a proxy or a router with the person.
    """
    shared = {client.address for other in everyone if other.id != person for client in other.clients}
    return next((address for address in addresses if address not in shared and _is_outside(address)), "")


def _is_outside(address: str) -> bool:
    try:
        return not is_loopback(address)
    except ValueError:
        # A Unix socket has no address, and a proxy may send any text.
        return False
