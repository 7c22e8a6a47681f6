"""IP addresses: by which of them clients are counted, and how one is written. Pure."""

import ipaddress
import re
from typing import Final

__all__ = ["counted_as", "is_ipv6", "parse_address", "short_ipv6"]

# The well-known prefix of translators between IPv4 and IPv6 (RFC 6052 section 2.1).
TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")

# ipaddress takes any text as a zone.
ZONE: Final = re.compile(r"[0-9A-Za-z._-]{1,15}")

# An address with its port, as some proxies write them; an IPv6 one then has brackets.
WITH_PORT: Final = re.compile(r"\[([0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(?:%[^\]]*)?)\](?::[0-9]+)?|([0-9.]+):[0-9]+")


def counted_as(host: str) -> str:
    """Returns the text that stands for a client's address where sessions are counted.

    That is the IPv4 address, also of a mapped (RFC 4291 section 2.5.5.2) or translated one, and the /64 network of any
    other IPv6 address, because one subscriber may use every address in it (RFC 6177). Any other text is returned
    unchanged.
    """
    if ":" not in host:
        return host
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    if address in TRANSLATED:
        return str(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))


def is_ipv6(text: str) -> bool:
    """Whether a text is an IPv6 address."""
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address that a proxy names, perhaps with a port; a mapped one is IPv4.

    Raises ValueError, also for a zone (RFC 4007) that is no interface's name.
    """
    if found := WITH_PORT.fullmatch(text):
        text = found[1] or found[2]
    address = ipaddress.ip_address(text)
    if address.version == 4:
        return address
    if address.scope_id is not None and not ZONE.fullmatch(address.scope_id):
        raise ValueError(f"{text!r} names no interface behind the %")
    return address.ipv4_mapped or address


def short_ipv6(text: str) -> str:
    """The usual spelling of an IPv6 address (RFC 5952); any other text unchanged."""
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        return text
