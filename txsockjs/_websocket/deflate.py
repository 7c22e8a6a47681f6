"""Compression of WebSocket messages (permessage-deflate, RFC 7692), behind the option deflate.

Each message is compressed by itself (server_no_context_takeover). That compresses less, but a broadcast is compressed
once for all its recipients, and no connection needs the hundreds of kilobytes of a compression context.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory

from txsockjs._protocol.frames import Framing

__all__ = ["OFFER", "deflated"]

# The client, too, must compress each message by itself: its context would take memory here for each connection.
OFFER: Final = ServerPerMessageDeflateFactory(server_no_context_takeover=True, client_no_context_takeover=True)


def deflated(make: Callable[[Sequence[Extension]], Framing], negotiated: Sequence[Extension]) -> Framing | None:
    """The framing for a connection with these extensions; None if none of them compresses.

    Connections that agreed on the same parameters get the same framing, so that they share the encoded bytes.
    """
    for extension in negotiated:
        if isinstance(extension, PerMessageDeflate):
            return _shared(make, extension.local_max_window_bits)
    return None


@cache
def _shared(make: Callable[[Sequence[Extension]], Framing], bits: int) -> Framing:
    return make([PerMessageDeflate(True, True, 15, bits)])
