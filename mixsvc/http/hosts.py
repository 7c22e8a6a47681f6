"""The hosts for which a site answers."""

import re
from collections.abc import Collection

__all__ = ["is_one_of"]


def is_one_of(host: bytes | None, hosts: Collection[str]) -> bool:
    """Whether a Host header names one of the hosts, on any port; *.example.org stands for every name below it."""
    name = re.sub(rb":[0-9]*$", b"", host or b"").decode("latin-1").lower().rstrip(".")
    if name in hosts:
        return True
    # Each name above it, from the nearest on.
    labels = name.split(".")[1:]
    return any("*." + ".".join(labels[depth:]) in hosts for depth in range(len(labels)))
