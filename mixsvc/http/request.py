"""One request to a MixSite."""

from collections.abc import Sequence
from typing import IO, TYPE_CHECKING, Final

from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.server import Request

from mixsvc.http.errors import Refused
from mixsvc.http.forwarded import apply_forwarded
from mixsvc.http.hosts import is_one_of
from mixsvc.http.phase import Phase
from mixsvc.http.uploads import open_body

if TYPE_CHECKING:
    from mixsvc.http.channel import MixChannel

__all__ = ["MixRequest"]

# What nginx, too, writes into its log for a client that did not wait.
LEFT: Final = 499

MISDIRECTED = b"This server does not answer for the host that the request names.\n"


class MixRequest(Request):
    """One request. `began` is when its first byte came, by the clock of its site."""

    channel: "MixChannel"
    content: IO[bytes] | None
    began: float
    _is_processed = False
    _log = Logger()

    @property
    def is_with_thread(self) -> bool:
        """Whether a thread has taken the body and will answer, be the client in a hurry or not."""
        return self.content is None

    def gotLength(self, length: int | None) -> None:
        """The head is complete: a body may follow."""
        self.content = open_body(length)

    def handleContentChunk(self, data: bytes) -> None:
        """A part of the body."""
        channel = self.channel
        if channel.is_ending:
            return
        try:
            channel.keep_body(len(data))
            Request.handleContentChunk(self, data)
        except Refused as refused:
            channel.refuse(refused)
        except OSError as error:
            # Neither the client's fault nor this request's: the disk is full, or too many files are open.
            self._log.error("web: cannot keep the body of a request: {error}", error=str(error))
            channel.refuse(Refused(503, "This server cannot keep the body of the request; try again later."))

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """The whole request is here. `args` are those of the query; the body is the resource's to read."""
        # To twisted.web it has no body then, of which it would make a second copy in memory.
        assert self.content is not None
        self.content.seek(0)
        Request.requestReceived(self, command, path, version)

    def process(self) -> None:
        """Set what a trusted proxy says of the client, before any resource sees the request."""
        self._is_processed = True
        site = self.channel.site
        apply_forwarded(self, site.trusted)
        if site.is_stopping:
            self.setHeader(b"connection", b"close")
        if site.hsts and self.isSecure():
            self.setHeader(b"strict-transport-security", site.hsts)
        if site.hosts and not is_one_of(self.getHeader(b"host"), site.hosts):
            self._misdirected()
        else:
            self._process()

    def _process(self) -> None:
        channel = self.channel
        Request.process(self)
        if channel.phase is Phase.GONE and self.__dict__.get("channel") is channel:
            # It has become a WebSocket, which no answer tells of.
            self.code = 101
            channel.site.log(self)

    def answer(self, code: int, reason: bytes, fields: Sequence[tuple[bytes, bytes]], body: bytes) -> None:
        """A whole answer, and its end. A field takes the place of what has its name and was set here.

        It goes out in one piece: twisted.web's way, by a dictionary of headers and a list of pieces at each of which
        the transport looks more than once, takes longer than all else that this thread does for a small page.
        """
        self.setResponseCode(code, reason)
        names = [name.lower() for name, _ in fields]
        ours = [pair for pair in self.responseHeaders.getAllRawHeaders() if pair[0].lower() not in names]
        lines = [b"%b: %b\r\n" % (name, value) for name, values in ours for value in values]
        lines += [b"%b: %b\r\n" % field for field in fields]
        if self.method == b"HEAD":
            body = b""
        self.startedWriting = 1
        self.sentLength = len(body)
        self.channel.write_now(b"%b %d %b\r\n%b\r\n%b" % (self.clientproto, code, reason, b"".join(lines), body))
        self.finish()

    def connectionLost(self, reason: Failure) -> None:
        """The client is gone before its answer was complete; told with status 499 when it had not even begun."""
        site = self.channel.site
        Request.connectionLost(self, reason)
        if self._is_processed:
            if not self.startedWriting:
                self.code = LEFT
            site.log(self)

    def _misdirected(self) -> None:
        self.channel.site.refused["421"] += 1
        self.setResponseCode(421, b"Misdirected Request")
        self.setHeader(b"content-type", b"text/plain; charset=utf-8")
        self.setHeader(b"content-length", b"%d" % len(MISDIRECTED))
        self.write(MISDIRECTED)
        self.finish()
