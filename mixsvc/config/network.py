"""Who talks to us, as far as [server] says it: names that we answer for, and proxies that we believe."""

import re
from typing import Final, Literal, TypeAlias

from mixsvc.common.addresses import Network, is_ipv6, parse_network

__all__ = ["UNIX", "Proxy", "hosts", "proxies"]

# Whoever connects to a socket in the file system, which its permissions decide.
UNIX: Final = "unix"

Proxy: TypeAlias = Network | Literal["unix"]

NAME: Final = re.compile(r"(\*\.)?[0-9a-z_]([0-9a-z_-]*[0-9a-z_])?(\.[0-9a-z_]([0-9a-z_-]*[0-9a-z_])?)*")


def proxies(text: str) -> tuple[Proxy, ...]:
    """Addresses, networks, and the word unix, separated by commas."""
    found: list[Proxy] = []
    for item in _items(text):
        if item.lower() == UNIX:
            found.append("unix")
            continue
        try:
            found.append(parse_network(item))
        except ValueError:
            raise ValueError(
                f"{item} is no address; give IP addresses or networks, such as 127.0.0.1, 10.0.0.0/8, or the word "
                "unix for who connects to a Unix socket"
            ) from None
    return tuple(found)


def hosts(text: str) -> tuple[str, ...]:
    """Names or addresses of hosts without ports, separated by commas; *.example.org is every name below that one."""
    found = []
    for item in _items(text.lower()):
        if not NAME.fullmatch(item) and not (item.startswith("[") and item.endswith("]") and is_ipv6(item[1:-1])):
            raise ValueError(
                f"{item} is no host; give names such as example.org, *.example.org, 192.0.2.1 or [2001:db8::1], "
                "without scheme and port"
            )
        found.append(item)
    return tuple(found)


def _items(text: str) -> list[str]:
    return [item for item in re.split(r"[\s,]+", text) if item]
