"""The addresses that a ban holds for. Pure."""

from collections.abc import Iterable

from mixsvc.chat.model.people import Person
from mixsvc.common.addresses import SUBSCRIBER_BITS, is_loopback, network, parse_network

__all__ = ["held", "parse"]


def parse(text: str) -> str:
    """An address as sanctions keep it: for IPv6 its /64 network, which may be given as well. Raises ValueError."""
    try:
        found = parse_network(text)
    except ValueError:
        raise ValueError(f"{text[:50]!r} is no IP address.") from None
    # No prefix of IPv4 is so long.
    if "/" in text and found.prefixlen != SUBSCRIBER_BITS:
        raise ValueError(f"{text[:50]!r} is a network; give a single address, or for IPv6 a /64 network.")
    return network(text.partition("/")[0])


def held(person: Person, everyone: Iterable[Person]) -> str:
    """The address that a ban of a person holds for, "" for none.

    Of one who has left it is the last one. Not this machine's own, nor one from which others are here: they may share
    a proxy or a router.
    """
    shared = {client.address for other in everyone if other.id != person.id for client in other.clients}
    found = [client.address for client in person.clients] or [person.left_from]
    return next((address for address in found if address not in shared and _is_outside(address)), "")


def _is_outside(address: str) -> bool:
    try:
        return not is_loopback(address)
    except ValueError:
        # A Unix socket has none, and a proxy may say anything.
        return False
