"""What this folder uses of twisted.web that is private to it. No other module here uses a private name of Twisted.

Read in Twisted 24.11 and 26.10; tests/http/test_twisted_private.py says what we rely on.

- `HTTPChannel._command`, `_path` and `_version` are the request line. `lineReceived` sets them; our channel checks a
  head as a whole, and no public method takes a head that is parsed already. `allHeadersReceived` and
  `allContentReceived`, which are public, read them, and the latter deletes them.
"""

from twisted.web.http import HTTPChannel

__all__ = ["set_request_line"]


def set_request_line(channel: HTTPChannel, method: bytes, target: bytes, version: bytes) -> None:
    """Tell the channel the request line, before its `allHeadersReceived` is called."""
    channel._command, channel._path, channel._version = method, target, version
