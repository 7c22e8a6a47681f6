"""IP addresses: how they are read, and which network one counts as. Pure.

An IPv4 address that a dual-stack socket spells inside IPv6 (::ffff:192.0.2.7, RFC 4291 section 2.5.5.2) is that IPv4
address everywhere. One that a translator spells (64:ff9b::192.0.2.7, RFC 6052) counts as that IPv4 address, as all IPv4
clients of a server behind a translator have addresses in one /64 network; but it is another address for those who are
trusted, since only the translator says who it is. Addresses of 6to4 and Teredo count as other IPv6 addresses do.
"""

import ipaddress
import re
from functools import lru_cache
from typing import Final, TypeAlias

__all__ = [
    "SUBSCRIBER_BITS",
    "Address",
    "Network",
    "is_address",
    "is_ipv6",
    "is_loopback",
    "network",
    "normal_address",
    "parse_address",
    "parse_network",
    "peer_network",
    "short_ipv6",
]

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

# The bits of an IPv6 address that its provider chooses; the subscriber chooses the others (RFC 6177, RFC 7421).
SUBSCRIBER_BITS: Final = 64

# The bits before the IPv4 address in a mapped one.
MAPPED_BITS: Final = 96

# The well-known prefix of translators between IPv4 and IPv6 (RFC 6052 section 2.1).
TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")

# ipaddress takes any text as the zone of a link-local address (RFC 4007); here it is the name of an interface.
ZONE: Final = re.compile(r"[0-9A-Za-z._-]{1,15}")


def parse_address(text: str) -> Address:
    """The address that a text spells, without a port. Raises ValueError."""
    address = ipaddress.ip_address(text)
    if address.version == 4:
        return address
    if address.scope_id is not None and not ZONE.fullmatch(address.scope_id):
        raise ValueError(f"{text!r} names no interface after the %")
    return address.ipv4_mapped or address


def is_address(text: str) -> bool:
    """Whether a text spells an address, without a port."""
    try:
        parse_address(text)
    except ValueError:
        return False
    return True


def parse_network(text: str) -> Network:
    """The network that a text such as 10.0.0.0/8 spells; a single address is a network of one. Raises ValueError.

    An address with bits set after the prefix, such as 10.0.0.1/8, is refused.
    """
    found = ipaddress.ip_network(text)
    if found.version == 6 and found.prefixlen >= MAPPED_BITS and found.network_address.ipv4_mapped is not None:
        return ipaddress.IPv4Network((found.network_address.ipv4_mapped, found.prefixlen - MAPPED_BITS))
    return found


def network(address: str) -> str:
    """Returns the text that stands for an address where clients are counted, limited or banned.

    That is the IPv4 address, also of a mapped or translated one, and the /64 network of any other IPv6 address, each in
    one spelling and without a zone.
    Any other text is returned unchanged, and so is a text that this function has returned.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    if found in TRANSLATED:
        return str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF))
    return str(ipaddress.IPv6Network((int(found) >> SUBSCRIBER_BITS << SUBSCRIBER_BITS, SUBSCRIBER_BITS)))


def peer_network(peer: object) -> str:
    """Returns the network that a client counts as, by the address of its connection; "" if that has no host.

    peer: an address of Twisted; one of a Unix socket has no host.
    """
    return network(str(getattr(peer, "host", "")))


@lru_cache(1024)
def normal_address(text: str) -> str:
    """Returns an address in its one spelling (RFC 5952), a mapped one as IPv4; any other text unchanged."""
    try:
        return str(parse_address(text))
    except ValueError:
        return text


def short_ipv6(text: str) -> str:
    """Returns the usual spelling of an IPv6 address (RFC 5952), also of a mapped one; any other text unchanged."""
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        return text


def is_loopback(text: str) -> bool:
    """Whether an address, or a network that `network` returned, is this machine's own. Raises ValueError."""
    found = parse_network(text)
    # The /64 network of ::1 holds no other address in use.
    return found.is_loopback or ipaddress.IPv6Address("::1") in found


def is_ipv6(text: str) -> bool:
    """Whether a text is an IPv6 address in its usual spelling: lower case and compressed (RFC 5952)."""
    try:
        return text == str(ipaddress.IPv6Address(text))
    except ValueError:
        return False
