"""What the client's system has acknowledged: it tells a slow client from one that is gone."""

import struct
import sys
from socket import IPPROTO_TCP
from typing import Any, Final

__all__ = ["progress"]

# Linux's struct tcp_info: tcpi_unacked, tcpi_bytes_acked, tcpi_notsent_bytes.
TCP_INFO: Final = 11
FIELDS: Final = struct.Struct("=24xI92xQ16xI")


def progress(transport: object) -> tuple[int, bool]:
    """How many bytes a TCP client has acknowledged so far, and whether these are all that the socket was given.

    transport: of Twisted, TCP or TLS. Returns (0, True), as nothing is known, on other systems than Linux and for
    other transports.
    """
    # TLS and other wrappers pass the attribute on.
    connection: Any = getattr(transport, "socket", None)
    if connection is None or sys.platform != "linux":
        return 0, True
    try:
        unacked, acked, unsent = FIELDS.unpack(connection.getsockopt(IPPROTO_TCP, TCP_INFO, FIELDS.size))
    except (OSError, struct.error):
        # A UNIX socket, a closed socket, or a kernel older than 4.6.
        return 0, True
    return acked, not unacked and not unsent
