"""What applications write, as text."""

__all__ = ["as_text"]


def as_text(data: object, encoding: str) -> str:
    """Text from text, from bytes in UTF-8 (else in the encoding), or from whatever str() makes of an object."""
    if isinstance(data, str):
        return data
    if not isinstance(data, bytes | bytearray | memoryview):
        return str(data)
    raw = bytes(data)
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return raw.decode(encoding, "replace")
