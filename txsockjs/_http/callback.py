"""The JavaScript function that htmlfile and jsonp responses call; its name comes from the client."""

import re
from typing import Final

from twisted.web.server import Request

from txsockjs._protocol.errors import ClientError

__all__ = ["read_callback"]

# The name is echoed into a script, so only letters, digits and -_. are allowed in it.
CALLBACK: Final = re.compile(rb"[a-zA-Z0-9\-_.]{1,32}")


def read_callback(request: Request) -> bytes:
    """The value of the parameter `c`, else of `callback`. Raises ClientError (500) if it is missing or not a name."""
    given: bytes = (request.args.get(b"c") or request.args.get(b"callback") or [b""])[0]
    if not given:
        raise ClientError(500, '"callback" parameter required')
    if not CALLBACK.fullmatch(given):
        raise ClientError(500, 'invalid "callback" parameter')
    return given
