"""What this folder uses of twisted.web that is private to it. No other module here uses a private name of Twisted.

Read in Twisted 24.11 and 26.10; tests/http/test_twisted_private.py says what we rely on.

- `HTTPChannel._command`, `_path` and `_version` are the request line. `lineReceived` sets them; our channel checks a
  head as a whole, and no public method takes a head that is parsed already. `allHeadersReceived` and
  `allContentReceived`, which are public, read them, and the latter deletes them.
- `HTTPChannel._handlingRequest` says whether a request is in work: the channel then goes on reading while the client
  does not take the response. `_waitingForTransport` says that it does not. Both are kept by `allContentReceived` and
  `requestDone`, with a state of a parser that ours is not, which takes as long as the rest for a small page.
"""

from twisted.web.http import HTTPChannel

__all__ = ["begin_page", "end_page", "set_request_line"]


def set_request_line(channel: HTTPChannel, method: bytes, target: bytes, version: bytes) -> None:
    """Tell the channel the request line, before its `allHeadersReceived` is called."""
    channel._command, channel._path, channel._version = method, target, version


def begin_page(channel: HTTPChannel) -> None:
    """What `allContentReceived` does before the request is told, for one that has no request line in the channel."""
    channel._handlingRequest = True


def end_page(channel: HTTPChannel) -> None:
    """What `requestDone` does on a connection that goes on: the first request is over."""
    del channel.requests[0]
    if not channel._waitingForTransport:
        channel._networkProducer.resumeProducing()
    channel._handlingRequest = False
