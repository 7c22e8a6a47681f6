"""Messages, the frames that carry them to clients, and what clients send. _protocol/__init__.py lists the frames."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from json.encoder import encode_basestring_ascii
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
    "check_close",
    "close_frame",
    "decode_post",
    "decode_websocket",
    "jsonp",
    "raw_framing",
    "websocket_framing",
]

BROKEN: Final = "Broken JSON encoding."
EXPECTED: Final = "Payload expected."

# The headers of final frames with less than 126 bytes (RFC 6455 section 5.2), by the number of bytes.
SHORT_HEADERS: Final = {
    opcode: [bytes([0x80 | opcode, size]) for size in range(126)] for opcode in (Opcode.TEXT, Opcode.BINARY)
}


class Message:
    """One text message to clients. Its JSON is made once, when it is first needed."""

    opcode: ClassVar[Opcode] = Opcode.TEXT
    __slots__ = ("_json", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._json: bytes | None = None

    @property
    def json(self) -> bytes:
        """The message as a JSON string in ASCII.

        So every character that the protocol wants escaped is escaped (section JSONEncoding), lone surrogates included.
        """
        if self._json is None:
            self._json = encode_basestring_ascii(self.text).encode("ascii")
        return self._json

    @property
    def payload(self) -> bytes:
        """The message as a raw WebSocket carries it: UTF-8 (RFC 6455 section 5.6), with ? for a lone surrogate."""
        return self.text.encode("utf-8", "replace")

    @property
    def size(self) -> int:
        """The bytes by which limits count the message: those of its JSON."""
        return len(self.json)


class BinaryMessage(Message):
    """A binary message. A raw WebSocket carries its bytes; SockJS frames carry it as text."""

    opcode = Opcode.BINARY
    __slots__ = ("_data",)

    def __init__(self, data: bytes, encoding: str) -> None:
        """encoding: decodes the bytes for SockJS frames if they are not UTF-8."""
        super().__init__(as_text(data, encoding))
        self._data = data

    @property
    def payload(self) -> bytes:
        """The bytes as they are."""
        return self._data

    @property
    def size(self) -> int:
        """The number of its bytes."""
        return len(self._data)


@dataclass(frozen=True, eq=False)
class Framing:
    """How one transport wraps frames.

    wrap: makes the bytes for the client of a SockJS frame. messages: the same of messages, for transports without
    SockJS frames; None: messages go into an array frame.
    """

    name: str
    wrap: Callable[[bytes], bytes]
    messages: Callable[[Iterable[Message]], bytes] | None = None

    @cached_property
    def open(self) -> bytes:
        """The bytes of the open frame."""
        return self.wrap(b"o")

    @cached_property
    def heartbeat(self) -> bytes:
        """The bytes of the heartbeat frame."""
        return self.wrap(b"h")

    def encode(self, messages: Iterable[Message]) -> bytes:
        """The messages as the bytes of one array frame, or of one frame each if the transport has no array frames."""
        if self.messages is not None:
            return self.messages(messages)
        return self.wrap(b"a[" + b",".join([message.json for message in messages]) + b"]")


def check_close(code: int, reason: str) -> None:
    """Raises TypeError or ValueError if a session cannot be closed with this code and this reason."""
    if not isinstance(code, int):
        raise TypeError(f"close code {code!r} is not valid: give a whole number from 1000 to 4999")
    if not 1000 <= code <= 4999:
        raise ValueError(f"close code {code!r} is not valid: give a number from 1000 to 4999")
    if not isinstance(reason, str):
        raise TypeError(f"the reason {reason!r} of a close is not valid: give text")


def close_frame(code: int, reason: str) -> bytes:
    """The frame c[code,"reason"], without spaces, as the protocol's tests compare it byte for byte."""
    return b"c" + json.dumps([code, reason], separators=(",", ":")).encode("ascii")


def websocket_framing(extensions: Sequence[Extension] = ()) -> Framing:
    """Each SockJS frame as a text message of a WebSocket.

    extensions: encode the message; they keep no state from one message to the next, as its bytes are shared.
    """
    return Framing("websocket", lambda frame: _websocket_frame(Opcode.TEXT, frame, extensions))


def _websocket_frame(opcode: Opcode, data: bytes, extensions: Sequence[Extension]) -> bytes:
    # A short header is in the table; the library makes the others.
    if not extensions and len(data) < len(SHORT_HEADERS[opcode]):
        return SHORT_HEADERS[opcode][len(data)] + data
    return Frame(opcode, data).serialize(mask=False, extensions=extensions)


def raw_framing(extensions: Sequence[Extension] = ()) -> Framing:
    """Each message as a message of a WebSocket, without SockJS frames. extensions: as for websocket_framing."""

    def each(messages: Iterable[Message]) -> bytes:
        return b"".join([_websocket_frame(message.opcode, message.payload, extensions) for message in messages])

    return Framing("raw websocket", lambda frame: b"", each)


def _percent_escaped(frame: bytes) -> bytes:
    # sockjs-client calls decodeURI() with the data of an event, so % must be escaped.
    return b"data: " + frame.replace(b"%", b"%25") + b"\r\n\r\n"


def _script_string(frame: bytes) -> bytes:
    # The frame becomes a string inside a <script>, which the text </script> would end.
    return json.dumps(frame.decode("ascii")).replace("<", "\\u003c").encode("ascii")


XHR: Final = Framing("xhr", lambda frame: frame + b"\n")
EVENTSOURCE: Final = Framing("eventsource", _percent_escaped)
HTMLFILE: Final = Framing("htmlfile", lambda frame: b"<script>\np(" + _script_string(frame) + b");\n</script>\r\n")
WEBSOCKET: Final = websocket_framing()
RAW: Final = raw_framing()


def jsonp(callback: bytes) -> Framing:
    """The framing of one JSONP response. Its /**/ prevents that the response runs as a Flash file (CVE-2014-4671)."""
    return Framing("jsonp", lambda frame: b"/**/" + callback + b"(" + _script_string(frame) + b");\r\n")


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


# One decoder for all calls; json.loads with an argument would make one for each call.
_decoder: Final = json.JSONDecoder(parse_constant=_no_constant)


def _parse(text: str) -> object:
    # raw_decode needs less than half the time of decode, which takes the space (RFC 8259 section 2) off by patterns.
    stripped = text.strip(" \t\n\r")
    try:
        value, end = _decoder.raw_decode(stripped)
    except (ValueError, RecursionError):
        raise BadPost(500, BROKEN) from None
    if end != len(stripped):
        raise BadPost(500, BROKEN)
    return value


def _strings(value: object) -> list[str]:
    if not isinstance(value, list):
        raise BadPost(500, EXPECTED)
    for item in value:
        if not isinstance(item, str):
            raise BadPost(500, EXPECTED)
    return value


def decode_post(body: bytes) -> list[str]:
    """The messages of a POST, in order. Raises BadPost unless the body is a JSON array of strings in UTF-8."""
    if not body:
        raise BadPost(500, EXPECTED)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadPost(500, BROKEN) from None
    return _strings(_parse(text))


def decode_websocket(text: str) -> list[str]:
    """The messages of one WebSocket message: a JSON array of strings, or one JSON string; an empty one has none.

    Raises BadPost for anything else (SockJS protocol 0.3.3, section WebsocketHybi10).
    """
    if not text:
        return []
    value = _parse(text)
    return [value] if isinstance(value, str) else _strings(value)
