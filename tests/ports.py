"""Ports of the loopback for programs that cannot choose one themselves."""

import random
import socket
from contextlib import closing, suppress

__all__ = ["free_port"]


def free_port() -> int:
    """A port of the loopback on which nothing listens, outside the range from which the system chooses free ports."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as limits:
        first_given = int(limits.read().split()[0])
    while True:
        port = random.randrange(10_000, first_given)
        with suppress(OSError), closing(socket.create_server(("127.0.0.1", port))):
            return port
