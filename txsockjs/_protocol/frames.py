"""SockJS frames: what the server sends (o, h, a[...], c[...]) and what clients post.

Messages are wrapped by a Batch, which encodes itself once for each framing, however many sessions it goes to.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Final

from websockets.extensions import Extension
from websockets.frames import Frame, Opcode

from txsockjs._protocol.errors import BadPost
from txsockjs._protocol.text import as_text

__all__ = [
    "EVENTSOURCE",
    "HTMLFILE",
    "RAW",
    "WEBSOCKET",
    "XHR",
    "BinaryMessage",
    "Framing",
    "Message",
    "close_frame",
    "decode_post",
    "decode_websocket",
    "jsonp",
    "raw_framing",
    "websocket_framing",
]

BROKEN: Final = "Broken JSON encoding."
EXPECTED: Final = "Payload expected."


class Message:
    """One message on its way out. Its JSON is made once, at the first need."""

    opcode: ClassVar[Opcode] = Opcode.TEXT
    __slots__ = ("_json", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._json: bytes | None = None

    @property
    def json(self) -> bytes:
        """A JSON string in ASCII: it satisfies every escape that the protocol asks for, lone surrogates included."""
        if self._json is None:
            self._json = json.dumps(self.text).encode("ascii")
        return self._json

    @property
    def payload(self) -> bytes:
        """What a raw WebSocket carries. Text must be UTF-8 there (RFC 6455 section 5.6): a lone surrogate becomes ?."""
        return self.text.encode("utf-8", "replace")

    @property
    def size(self) -> int:
        """Bytes, as an outbox counts them."""
        return len(self.json)


class BinaryMessage(Message):
    """A message of bytes. A raw WebSocket carries them as they are; SockJS frames carry text, and there it is text."""

    opcode = Opcode.BINARY
    __slots__ = ("_data",)

    def __init__(self, data: bytes, encoding: str) -> None:
        """encoding: how to read the bytes where text is needed and they are not UTF-8."""
        super().__init__(as_text(data, encoding))
        self._data = data

    @property
    def payload(self) -> bytes:
        """The bytes as they are."""
        return self._data

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self._data)


@dataclass(frozen=True, eq=False)
class Framing:
    """How one transport wraps frames. `wrap` takes a whole frame; `messages`, where given, takes the messages."""

    name: str
    wrap: Callable[[bytes], bytes]
    messages: Callable[[Iterable[Message]], bytes] | None = None

    @cached_property
    def open(self) -> bytes:
        """The bytes of the open frame."""
        return self.wrap(b"o")

    @cached_property
    def heartbeat(self) -> bytes:
        """The bytes of a heartbeat."""
        return self.wrap(b"h")

    def encode(self, messages: Iterable[Message]) -> bytes:
        """The bytes of one array frame; of one frame each where the transport has no arrays."""
        if self.messages is not None:
            return self.messages(messages)
        return self.wrap(b"a[" + b",".join([message.json for message in messages]) + b"]")


def close_frame(code: int, reason: str) -> bytes:
    """c[code,"reason"], compact as the protocol's tests compare it."""
    return b"c" + json.dumps([code, reason], separators=(",", ":")).encode("ascii")


def websocket_framing(extensions: Sequence[Extension] = ()) -> Framing:
    """SockJS frames as WebSocket messages of text, through extensions that keep no state from one to the next."""
    return Framing("websocket", lambda frame: Frame(Opcode.TEXT, frame).serialize(mask=False, extensions=extensions))


def raw_framing(extensions: Sequence[Extension] = ()) -> Framing:
    """Messages as WebSocket messages of their own, through extensions as above; there are no SockJS frames."""

    def each(messages: Iterable[Message]) -> bytes:
        frames = [Frame(message.opcode, message.payload) for message in messages]
        return b"".join([frame.serialize(mask=False, extensions=extensions) for frame in frames])

    return Framing("raw websocket", lambda frame: b"", each)


def _percent_escaped(frame: bytes) -> bytes:
    # sockjs-client runs decodeURI() on what an EventSource brings; only % must be kept from it.
    return b"data: " + frame.replace(b"%", b"%25") + b"\r\n\r\n"


def _script_string(frame: bytes) -> bytes:
    # The frame is a string inside a <script>: a < could end that script.
    return json.dumps(frame.decode("ascii")).replace("<", "\\u003c").encode("ascii")


XHR: Final = Framing("xhr", lambda frame: frame + b"\n")
EVENTSOURCE: Final = Framing("eventsource", _percent_escaped)
HTMLFILE: Final = Framing("htmlfile", lambda frame: b"<script>\np(" + _script_string(frame) + b");\n</script>\r\n")
WEBSOCKET: Final = websocket_framing()
RAW: Final = raw_framing()


def jsonp(callback: bytes) -> Framing:
    """The framing of one JSONP answer; its /**/ keeps the answer from being taken for a Flash file (CVE-2014-4671)."""
    return Framing("jsonp", lambda frame: b"/**/" + callback + b"(" + _script_string(frame) + b");\r\n")


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


# Kept: json.loads with an argument makes one for each call.
_decoder: Final = json.JSONDecoder(parse_constant=_no_constant)


def _parse(text: str) -> object:
    try:
        return _decoder.decode(text)
    except (ValueError, RecursionError):
        raise BadPost(500, BROKEN) from None


def _strings(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadPost(500, EXPECTED)
    return value


def decode_post(body: bytes) -> list[str]:
    """The messages a client posted, in order; BadPost unless the body is a JSON list of strings in UTF-8."""
    if not body:
        raise BadPost(500, EXPECTED)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadPost(500, BROKEN) from None
    return _strings(_parse(text))


def decode_websocket(text: str) -> list[str]:
    """The messages in one WebSocket message: a JSON list of strings or one bare string; nothing in an empty one."""
    if not text:
        return []
    value = _parse(text)
    return [value] if isinstance(value, str) else _strings(value)
