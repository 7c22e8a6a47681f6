"""Parsers for settings about peers: trusted proxies, and the names of the hosts that the service answers for.

Like those in parsers, each raises ValueError with a text that says what to write.
"""

import re
from typing import Final, Literal, TypeAlias

from mixsvc.common.addresses import Network, is_ipv6, parse_network
from mixsvc.config.parsers import words

__all__ = ["UNIX", "Proxy", "host_with_dot", "hosts", "proxies"]

# Stands for every client of a Unix socket; the permissions of its file decide who that is.
UNIX: Final = "unix"

Proxy: TypeAlias = Network | Literal["unix"]

# Characters of a host's name where it is repeated in every line.
LONGEST_HOST: Final = 63

NAME: Final = re.compile(r"(\*\.)?[0-9a-z_]([0-9a-z_-]*[0-9a-z_])?(\.[0-9a-z_]([0-9a-z_-]*[0-9a-z_])?)*")


def proxies(text: str) -> tuple[Proxy, ...]:
    """Parses addresses, networks and the word unix, separated by commas."""
    found: list[Proxy] = []
    for item in words(text):
        if item.lower() == UNIX:
            found.append("unix")
            continue
        try:
            found.append(parse_network(item))
        except ValueError:
            raise ValueError(
                f"{item} is not an address; give IP addresses or networks, such as 127.0.0.1, 10.0.0.0/8, or the word "
                "unix for the clients of a Unix socket"
            ) from None
    return tuple(found)


def hosts(text: str) -> tuple[str, ...]:
    """Parses names or addresses of hosts, without ports, separated by commas.

    *.example.org stands for every name below example.org.
    """
    found = []
    for item in words(text.lower()):
        if not NAME.fullmatch(item) and not (item.startswith("[") and item.endswith("]") and is_ipv6(item[1:-1])):
            raise ValueError(
                f"{item} is not a host; give names such as example.org, *.example.org, 192.0.2.1 or [2001:db8::1], "
                "without scheme and port"
            )
        found.append(item)
    return tuple(found)


def host_with_dot(text: str) -> str:
    """Parses the name of a host that has a dot, and so is no person's nickname; at most 63 characters."""
    name = text.lower()
    if not NAME.fullmatch(name) or "." not in name or "*" in name or len(name) > LONGEST_HOST:
        raise ValueError(f"give a name with a dot in it, such as irc.example.org, of at most {LONGEST_HOST} characters")
    return name
