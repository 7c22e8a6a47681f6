"""A request whose view wants its client to be held: what it says, and the head of the response."""

from typing import Final

from mixsvc.common.positions import Position
from mixsvc.common.records import record
from mixsvc.holds.roads import EVENT_STREAM, JSON, Road, road_of
from mixsvc.holds.standing import standing
from mixsvc.http.request import MixRequest
from mixsvc.interfaces.holds import Hold

__all__ = ["Arrival", "Fields", "read_arrival"]

Fields = tuple[tuple[bytes, bytes], ...]

# What the service decides itself for a client that is held.
OURS: Final = frozenset((b"connection", b"content-encoding", b"content-length", b"content-type", b"x-accel-buffering"))

# Its body ends with the connection, so that requests behind it are sent again elsewhere (RFC 9112 section 9.6). nginx
# must not collect the stream before it passes it on.
STREAM_FIELDS: Final = (
    (b"Content-Type", EVENT_STREAM.encode()),
    (b"X-Accel-Buffering", b"no"),
    (b"Connection", b"close"),
)


@record
class Arrival:
    """fields: headers of the response that the application has set. since: where the client stands, as far as it or
    its view says. known: as far as it says so itself. is_new: whether it does not. Used in the reactor thread.
    """

    request: MixRequest
    fields: Fields
    hold: Hold
    road: Road
    since: Position
    known: Position
    is_new: bool

    def place(self, position: Position) -> Position | None:
        """Where the client is told that it stands, if all behind this position follows; None if it knows that.

        It may be cut off before its first event, and goes on from there then.
        """
        if all(name in self.known.numbers for name in self.hold.names):
            return None
        # Of what is gone it is told by a reset, which may not reach it.
        known = self.since if self.gone(position) else self.known
        return Position({**position.numbers, **known.numbers}, known.epoch if known.numbers else position.epoch)

    def gone(self, position: Position) -> frozenset[str]:
        """The topics of whose past a reset is told, if all behind this position follows."""
        is_other = self.since.epoch not in ("", position.epoch)
        since = self.since.numbers.items()
        return frozenset(topic for topic, number in since if is_other or position.numbers[topic] != number)

    def poll_fields(self) -> Fields:
        """The headers of the response to a poll, without the length."""
        return ((b"Content-Type", JSON.encode()), *self.fields)

    def stream_head(self, is_chunked: bool) -> bytes:
        """The head of a stream, in one piece."""
        fields = (*self.fields, *STREAM_FIELDS)
        if is_chunked:
            fields = (*fields, (b"Transfer-Encoding", b"chunked"))
        names = {name.lower() for name, _ in fields}
        ours = [pair for pair in self.request.responseHeaders.getAllRawHeaders() if pair[0].lower() not in names]
        lines = [b"%b: %b\r\n" % (name, value) for name, values in ours for value in values]
        lines += [b"%b: %b\r\n" % field for field in fields]
        return b"%b 200 OK\r\n%b\r\n" % (self.request.clientproto, b"".join(lines))


def read_arrival(request: MixRequest, fields: Fields, hold: Hold) -> Arrival:
    """Read what a request says. Raises ValueError if that is no position; its text is a sentence for a person."""
    accept, upgrade = (_field(request, name) for name in (b"accept", b"upgrade"))
    kept = tuple(pair for pair in fields if pair[0].lower() not in OURS)
    seen, given = (
        _field(request, b"last-event-id"),
        (request.args or {}).get(b"since", [b""])[-1].decode("utf-8", "replace"),
    )
    since, known = standing(hold, given, seen)
    return Arrival(request, kept, hold, road_of(accept, upgrade), since, known, not (given or seen))


def _field(request: MixRequest, name: bytes) -> str:
    values = request.requestHeaders.getRawHeaders(name, [])
    # Browsers send a Last-Event-ID as UTF-8; the names of topics have such letters where it is too long to be encoded.
    return b",".join(values).decode("utf-8", "replace")
