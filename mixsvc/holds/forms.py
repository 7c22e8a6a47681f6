"""Events as bytes, each form made once for all who get it. Pure.

An event stream (WHATWG HTML, section 9.2) has a block for each event: its id, its name, its data. Line ends are LF
only, as some clients know no other. A block is never written in parts, so that no client sees half an event. A poll and
a WebSocket carry the same as JSON objects: topic, id, event and data.
"""

import json
import re
from collections.abc import Callable
from typing import Final, NamedTuple

from mixsvc.interfaces.topics import TopicBatch, TopicEvent
from txsockjs.sockets import text_frame

__all__ = ["CHUNKED", "FRAMES", "PLAIN", "Framing", "HeldEvent", "json_object", "numbered"]

LINE_END: Final = re.compile("\r\n|\r|\n")


class HeldEvent(NamedTuple):
    """What a client gets. id: what to give as ?since= to go on behind it; "" for none. name: "" for none.

    topic: None for what is of none, such as the first data of a hold. data: None for a position alone.
    """

    id: str
    name: str
    data: str | None
    topic: str | None = None


class Framing(NamedTuple):
    """How a road writes events.

    batch: all events of a batch in a stream of this topic alone, to be made once for all who get it. one: a single
    event. beat: what is sent when nothing else is. end: what completes the body. retry: says after how many
    milliseconds a client opens the stream again.
    """

    batch: Callable[[TopicBatch], bytes]
    one: Callable[[HeldEvent], bytes]
    retry: Callable[[int], bytes]
    beat: bytes
    end: bytes


def numbered(event: TopicEvent) -> HeldEvent:
    """An event for those who follow its topic alone: its id is the number."""
    return HeldEvent(str(event.number), event.name, event.data, event.topic)


def json_object(event: HeldEvent) -> bytes:
    """The object of a poll and of a WebSocket, as JSON."""
    fields = {"topic": event.topic, "id": event.id or None, "event": event.name or None, "data": event.data}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def _block(event: HeldEvent) -> bytes:
    lines = [f"id: {event.id}"] if event.id else []
    if event.name:
        lines.append(f"event: {event.name}")
    if event.data is not None:
        lines += [f"data: {line}" for line in LINE_END.split(event.data)]
    return ("\n".join(lines) + "\n\n").encode()


def _blocks(batch: TopicBatch) -> bytes:
    return b"".join(_block(numbered(event)) for event in batch.events)


def _retry_line(milliseconds: int) -> bytes:
    # Without an empty line, it belongs to the next block: alone it would be an event without data to some clients.
    return b"retry: %d\n" % milliseconds


def _chunk(data: bytes) -> bytes:
    """A chunk of the body (RFC 9112 section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _chunked_blocks(batch: TopicBatch) -> bytes:
    return _chunk(batch.form(_blocks))


def _frame(event: HeldEvent) -> bytes:
    return text_frame(json_object(event))


def _frames(batch: TopicBatch) -> bytes:
    return b"".join(_frame(numbered(event)) for event in batch.events)


def _no_retry(milliseconds: int) -> bytes:
    return b""


# A comment ends with one line end: behind two, some clients see an event without data.
COMMENT: Final = b":\n"

# A stream to HTTP/1.0, whose body ends with the connection; to HTTP/1.1; and the messages of a WebSocket.
PLAIN: Final = Framing(_blocks, _block, _retry_line, COMMENT, b"")
CHUNKED: Final = Framing(
    _chunked_blocks,
    lambda event: _chunk(_block(event)),
    lambda milliseconds: _chunk(_retry_line(milliseconds)),
    _chunk(COMMENT),
    b"0\r\n\r\n",
)
FRAMES: Final = Framing(_frames, _frame, _no_retry, b"", b"")
