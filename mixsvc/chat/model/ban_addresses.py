"""The addresses that a ban may apply to. Pure."""

from collections.abc import Iterable, Sequence

from mixsvc.chat.model.people import Person
from mixsvc.common.addresses import SUBSCRIBER_BITS, is_loopback, network, parse_network

__all__ = ["addresses_to_ban", "banned_address"]


def banned_address(text: str) -> str:
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


def addresses_to_ban(person: str, addresses: Iterable[str], everyone: Iterable[Person]) -> Sequence[str]:
    """Returns the addresses to one of which a ban of a person may apply, as far as this node knows.

    person: as Person.id. addresses: those of the person's clients, or of the last one of a person who has left. None is
    an address of this machine, nor one that others use too: they may share a proxy or a router with the person.
    """
    shared = {client.address for other in everyone if other.id != person for client in other.clients}
    return [address for address in addresses if address not in shared and _is_outside(address)]


def _is_outside(address: str) -> bool:
    try:
        return not is_loopback(address)
    except ValueError:
        # A Unix socket has no address, and a proxy may send any text.
        return False
