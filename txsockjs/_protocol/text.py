"""What applications write, as text; and text as UTF-8.

A lone surrogate, which JSON can spell ("\\ud800"), is encoded as if it were a character, and decoded again: a message
comes out as it was sent.
"""

from collections.abc import Callable
from operator import methodcaller
from typing import Final

__all__ = ["as_text", "as_utf8"]

# UTF-8 from text. Every message that comes passes here, and a methodcaller needs no Python frame.
as_utf8: Final[Callable[[str], bytes]] = methodcaller("encode", "utf-8", "surrogatepass")


def as_text(data: object, encoding: str) -> str:
    """The text itself.

    Bytes decoded as UTF-8, or with the encoding if they are not UTF-8; str() of any other object.
    """
    if isinstance(data, str):
        return data
    if not isinstance(data, bytes | bytearray | memoryview):
        return str(data)
    raw = bytes(data)
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return raw.decode(encoding, "replace")
