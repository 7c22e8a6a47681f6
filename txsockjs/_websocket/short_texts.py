"""Short text messages, read without the codec: a few comparisons in place of a parser and its objects."""

from typing import Final

try:
    from websockets.speedups import apply_mask
except ImportError:
    # The library was installed without its C extension.
    from websockets.utils import apply_mask

__all__ = ["SHORT_BYTES", "short_texts"]

# The longest payload whose length is in the second byte of a frame (RFC 6455 section 5.2).
SHORT_BYTES: Final = 125

# The first byte of a final text frame without reserved bits; the mask bit of the second one; a header with its mask.
TEXT: Final = 0x81
MASKED: Final = 0x80
HEADER_BYTES: Final = 6


def short_texts(data: bytes) -> list[bytes] | None:
    """The messages, unmasked, if the bytes are nothing but whole frames of short text messages, else None.

    data: what a client sent, from the beginning of a frame on. A frame that is fragmented, unmasked, compressed, of
    another kind, longer than SHORT_BYTES or not whole is for the codec, and so are the frames that came with it: it
    checks all of them before any message counts. Whether a text is UTF-8 is not checked here.
    """
    texts, start, end = [], 0, len(data)
    while start + HEADER_BYTES <= end and data[start] == TEXT:
        first = start + HEADER_BYTES
        start = first + data[start + 1] - MASKED
        if not first <= start <= min(end, first + SHORT_BYTES):
            return None
        texts.append(apply_mask(data[first:start], data[first - 4 : first]))
    return texts if start == end else None
