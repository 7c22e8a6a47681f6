"""Names of hosts, as they come in Host headers and in URLs."""

import re
from collections.abc import Collection
from typing import Final

__all__ = ["is_host", "is_one_of"]

# A name or an IPv4 address, or an IPv6 one in brackets, and a port. The underscore is in the names of containers.
HOST: Final = re.compile(rb"(?:[0-9A-Za-z_~][0-9A-Za-z._~-]{0,254}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{0,5})?")


def is_host(text: bytes) -> bool:
    """Whether it is the name or the address of a host, with a port or without."""
    return HOST.fullmatch(text) is not None


def is_one_of(host: bytes | None, hosts: Collection[str]) -> bool:
    """Whether a Host header names one of the hosts, on any port; *.example.org is every name below example.org."""
    name = re.sub(rb":[0-9]*$", b"", host or b"").decode("latin-1").lower().rstrip(".")
    if name in hosts:
        return True
    # Each name above it, from the nearest on.
    labels = name.split(".")[1:]
    return any("*." + ".".join(labels[depth:]) in hosts for depth in range(len(labels)))
