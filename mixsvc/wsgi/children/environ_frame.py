"""What CALL and the responses carry: the environ's texts, and the head of a response. Pure.

A request is `mark u16, flag u8, length u32, length u32`, twice texts in so many bytes (those of the sender, which come
again and again, and those of the request), and the body, unless the flag says that the body's descriptor was sent with
the frame. All texts of an environ are ISO-8859-1, so that U+0100 can stand between them; the whole is UTF-8. A header's
line cannot hold a line end (mixsvc.wsgi.response_head), which stands between them.
"""

from collections.abc import Mapping
from functools import lru_cache
from itertools import chain
from struct import Struct, error
from typing import Final, NamedTuple

from mixsvc.wsgi.children.frames import BadFrame
from mixsvc.wsgi.environ import EnvironTexts
from mixsvc.wsgi.response_head import ResponseHead
from mixsvc.wsgi.supervision.begun_marks import NO_MARK

__all__ = ["CallFrame", "HeadFrame", "decode_call", "decode_head", "encode_call", "encode_head", "marked"]

BETWEEN: Final = "\u0100"

MARK_BYTES: Final = 2
CALL: Final = Struct(">H?II")
HEAD: Final = Struct(">HII")

# Texts and header blocks up to this size are cached.
MAX_CACHED_BYTES: Final = 2048


class CallFrame(NamedTuple):
    """A request. has_descriptor: whether the body is in a descriptor of its own; then `body` is empty.

    mark: its number among those of mixsvc.wsgi.supervision.begun_marks; NO_MARK without one.
    """

    texts: dict[str, str]
    body: bytes
    has_descriptor: bool
    mark: int


class HeadFrame(NamedTuple):
    """A response, or its beginning. headers: names and values. body: of a WHOLE."""

    code: int
    reason: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def encode_call(texts: EnvironTexts, body: bytes | None) -> bytes:
    """The payload of a CALL. body: None if its descriptor is sent with the frame."""
    for each in texts:
        if not each.encoded:
            each.encoded = _encoded(each.texts)
    first, second = texts.of_sender.encoded, texts.of_request.encoded
    return b"".join((CALL.pack(NO_MARK, body is None, len(first), len(second)), first, second, body or b""))


def marked(payload: bytes, number: int) -> bytes:
    """What `encode_call` has returned, with the number of a mark."""
    return number.to_bytes(MARK_BYTES, "big") + payload[MARK_BYTES:]


def decode_call(payload: bytes) -> CallFrame:
    """What `encode_call` was given. Raises BadFrame."""
    try:
        mark, has_descriptor, length, own_length = CALL.unpack_from(payload)
        end = CALL.size + length
        # A copy, as the application may change it.
        texts = {**_decoded(payload[CALL.size : end]), **_decoded(payload[end : end + own_length])}
    except (error, ValueError) as fault:
        raise BadFrame(f"a CALL cannot be read: {fault}") from None
    return CallFrame(texts, payload[end + own_length :], has_descriptor, mark)


def encode_head(head: ResponseHead, body: bytes = b"") -> bytes:
    """The payload of a WHOLE or a BEGIN."""
    block = _lines(head.headers)
    return b"".join((HEAD.pack(head.code, len(head.reason), len(block)), head.reason, block, body))


@lru_cache(128)
def _lines(headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    return b"".join([b"%b: %b\r\n" % pair for pair in headers])


def decode_head(payload: bytes) -> HeadFrame:
    """What `encode_head` was given. Raises BadFrame."""
    try:
        code, reason_length, length = HEAD.unpack_from(payload)
        start = HEAD.size + reason_length
        block = payload[start : start + length]
        headers = _cached_pairs(block) if length <= MAX_CACHED_BYTES else _pairs(block)
    except (error, ValueError) as fault:
        raise BadFrame(f"the head of a response cannot be read: {fault}") from None
    return HeadFrame(code, payload[HEAD.size : start], headers, payload[start + length :])


def _encoded(texts: Mapping[str, str]) -> bytes:
    return BETWEEN.join(chain.from_iterable(texts.items())).encode()


def _decoded(block: bytes) -> Mapping[str, str]:
    return _cached_texts(block) if len(block) <= MAX_CACHED_BYTES else _texts(block)


def _texts(block: bytes) -> dict[str, str]:
    words = block.decode().split(BETWEEN) if block else []
    return dict(zip(words[::2], words[1::2], strict=True))


# A client sends the same again and again over a connection.
_cached_texts = lru_cache(512)(_texts)


def _pairs(block: bytes) -> tuple[tuple[bytes, bytes], ...]:
    pairs = []
    for line in block.split(b"\r\n")[:-1]:
        name, between, value = line.partition(b": ")
        if not between:
            raise ValueError("a line of its headers has no colon")
        pairs.append((name, value))
    return tuple(pairs)


_cached_pairs = lru_cache(512)(_pairs)
