"""Compression of WebSocket messages (permessage-deflate, RFC 7692), behind the option deflate.

We never take the context over from one message to the next (server_no_context_takeover): it costs some of the
compression, and a broadcast is still compressed and framed once for all its recipients, and no recipient costs the
hundreds of kilobytes that a context takes.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory

from txsockjs._protocol.frames import Framing

__all__ = ["OFFER", "deflated"]

# Nor does the client: its context would stay with each connection.
OFFER: Final = ServerPerMessageDeflateFactory(server_no_context_takeover=True, client_no_context_takeover=True)


def deflated(make: Callable[[Sequence[Extension]], Framing], negotiated: Sequence[Extension]) -> Framing | None:
    """The framing for a connection with these extensions, the same for all that agreed on the same; None: no such."""
    for extension in negotiated:
        if isinstance(extension, PerMessageDeflate):
            return _shared(make, extension.local_max_window_bits)
    return None


@cache
def _shared(make: Callable[[Sequence[Extension]], Framing], bits: int) -> Framing:
    return make([PerMessageDeflate(True, True, 15, bits)])
