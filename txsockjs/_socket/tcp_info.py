"""What the client's system has acknowledged: it tells a slow client from one that is gone."""

import struct
import sys
from socket import IPPROTO_TCP
from typing import Any, Final

__all__ = ["progress"]

# Linux's struct tcp_info: tcpi_bytes_acked, tcpi_notsent_bytes, tcpi_bytes_sent, tcpi_bytes_retrans.
TCP_INFO: Final = 11
FIELDS: Final = struct.Struct("=120xQ16xI52xQQ")


def progress(transport: object) -> tuple[int, int]:
    """How many bytes a TCP client has acknowledged so far, and how many more the socket was given.

    transport: of Twisted, TCP or TLS. Returns (0, 0), as nothing is known, on other systems than Linux and for other
    transports.
    """
    # TLS and other wrappers pass the attribute on.
    connection: Any = getattr(transport, "socket", None)
    if connection is None or sys.platform != "linux":
        return 0, 0
    try:
        acked, unsent, sent, again = FIELDS.unpack(connection.getsockopt(IPPROTO_TCP, TCP_INFO, FIELDS.size))
    except (OSError, struct.error):
        # A UNIX socket, a closed socket, or a kernel older than 4.19.
        return 0, 0
    return acked, sent - again - acked + unsent
