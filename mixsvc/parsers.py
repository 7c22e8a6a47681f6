"""How the text of a setting becomes a value. Each parser raises ValueError, whose text says what would do."""

import ipaddress
import re
from collections.abc import Callable
from typing import Final, TypeAlias
from urllib.parse import urlsplit

__all__ = [
    "Network",
    "address",
    "dotted_name",
    "lines",
    "names_of",
    "networks",
    "origins",
    "pairs",
    "path",
    "prefix",
    "room_names",
    "seconds",
    "url",
    "whole",
]

# RFC 6454 section 6.2; a name in other letters than ASCII has its xn-- form here.
ORIGIN: Final = r"https?://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[1-9][0-9]{0,4})?"

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def whole(least: int, most: int) -> Callable[[str], int]:
    """A parser of whole numbers from least to most, both included."""

    def parse(text: str) -> int:
        # The length is checked first: int() refuses thousands of digits with a message of its own.
        if not re.fullmatch(r"[0-9]{1,20}", text) or not least <= int(text) <= most:
            raise ValueError(f"give a whole number from {least} to {most}")
        return int(text)

    return parse


def seconds(least: float, most: float) -> Callable[[str], float]:
    """A parser of times in seconds from least to most, both included."""

    def parse(text: str) -> float:
        # The pattern leaves out nan, inf and exponents, which float() would take.
        if not re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,20})?", text) or not least <= float(text) <= most:
            raise ValueError(f"give a number of seconds from {least:g} to {most:g}")
        return float(text)

    return parse


def path(text: str) -> str:
    """A file's path; relative ones are taken from the directory that the service runs in."""
    if "\0" in text:
        raise ValueError("give a path without NUL characters")
    return text


def dotted_name(text: str) -> str:
    """Where a WSGI application is found: package.module.name or package.module:name; empty for our own."""
    if text and not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*([.:][^\W\d]\w*)", text):
        raise ValueError("give the name of a WSGI application, such as yourpackage.wsgi:app")
    return text


def lines(text: str) -> tuple[str, ...]:
    """One entry a line; endpoints hold commas and colons of their own."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _items(text: str) -> list[str]:
    return [item for item in re.split(r"[\s,]+", text) if item]


def _unique(items: list[str]) -> tuple[str, ...]:
    for item in items:
        if items.count(item) > 1:
            raise ValueError(f"{item} is given twice; name each once")
    return tuple(items)


def address(text: str) -> str:
    """An IPv4 or IPv6 address of this machine."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(
            "give an IP address of this machine, such as 127.0.0.1, 0.0.0.0 (every IPv4) or :: (every)"
        ) from None


def networks(text: str) -> tuple[Network, ...]:
    """Addresses or networks, separated by commas."""
    found: list[Network] = []
    for item in _items(text):
        try:
            found.append(ipaddress.ip_network(item))
        except ValueError:
            raise ValueError(
                f"{item} is no address; give IP addresses or networks, such as 127.0.0.1, 10.0.0.0/8"
            ) from None
    return tuple(found)


def prefix(text: str) -> str:
    """A path below which something is served."""
    if not re.fullmatch(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+", text):
        raise ValueError(
            "give a path such as /chat: it starts with /, does not end with it, and holds letters, digits and - _ . ~"
        )
    if text.split("/")[1] in ("api", "static"):
        raise ValueError("give another path, such as /chat: that one is taken by the pages")
    return text


def origins(text: str) -> tuple[str, ...]:
    """Web origins (RFC 6454), separated by commas; * is every one."""
    found = _items(text)
    for item in found:
        if item != "*" and not re.fullmatch(ORIGIN, item.lower()):
            raise ValueError(
                f"{item} is no origin; give origins such as https://example.org or http://localhost:3000, or * for all"
            )
    return _unique([item.lower() for item in found])


def room_names(text: str) -> tuple[str, ...]:
    """Names of rooms, separated by commas."""
    found = _items(text)
    for item in found:
        if not re.fullmatch(r"[\w][\w.-]{0,31}", item):
            raise ValueError(f"{item!r} is no name for a room; give up to 32 letters, digits and - _ . for each")
    if not found:
        raise ValueError("name at least one room, such as lobby")
    return _unique(found)


def names_of(*known: str) -> Callable[[str], tuple[str, ...]]:
    """A parser of some of the known names, in the order in which they are given; at least one."""

    def parse(text: str) -> tuple[str, ...]:
        found = _items(text)
        for item in found:
            if item not in known:
                raise ValueError(f"{item!r} is not known; there are: {', '.join(known)}")
        if not found:
            raise ValueError(f"name at least one of: {', '.join(known)}")
        return _unique(found)

    return parse


def url(text: str) -> str:
    """An http or https URL."""
    message = "give a URL such as https://example.org/rates.xml"
    try:
        parts = urlsplit(text)
        # .port raises ValueError for what is not a port.
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ValueError(message) from None
    if not good or not text.isascii() or re.search(r"[\s\x00-\x1f]", text):
        raise ValueError(message)
    return text


def pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Currency pairs, separated by commas, the most important first."""
    found = _unique([item.upper() for item in _items(text)])
    for item in found:
        if not re.fullmatch(r"[A-Z]{3}/[A-Z]{3}", item):
            raise ValueError(f"{item} is no pair; give pairs of currency codes such as EUR/USD, EUR/GBP")
        if item[:3] == item[4:]:
            raise ValueError(f"{item} is one currency twice; give pairs such as EUR/USD")
    if not found:
        raise ValueError("name at least one pair, such as EUR/USD")
    return tuple((item[:3], item[4:]) for item in found)
