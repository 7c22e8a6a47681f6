"""The jsonp transports: jsonp (polling) carries frames to the client, jsonp_send takes its messages.

SockJS protocol 0.3.3, section JsonPolling.
"""

from typing import Final
from urllib.parse import unquote_to_bytes

from twisted.web.server import Request

from txsockjs._http.callback import read_callback
from txsockjs._http.receive import ReceiveEndpoint
from txsockjs._http.resource import answer
from txsockjs._http.send import SendEndpoint
from txsockjs._protocol.errors import ClientError
from txsockjs._protocol.frames import Framing, jsonp

__all__ = ["JSONP", "JSONPSend"]

MAX_FIELDS: Final = 100


class JSONP(ReceiveEndpoint):
    """GET jsonp: each response is a script that calls the client's function with one frame."""

    transport = "jsonp"

    def framing(self, request: Request) -> Framing:
        """Frames as calls of the function that the client names."""
        return jsonp(read_callback(request))

    def limit(self) -> int:
        """The response ends after one frame."""
        return 0


class JSONPSend(SendEndpoint):
    """POST jsonp_send: the JSON is the field d of a form; the body itself when it is not a form."""

    def body(self, request: Request) -> bytes:
        """The field d. Raises ClientError if the body is over the limit, or has too many fields."""
        content = super().body(request)
        kind = (request.getHeader(b"content-type") or b"").partition(b";")[0].strip(b" \t").lower()
        if kind != b"application/x-www-form-urlencoded":
            return content
        return _field(content, b"d")

    def done(self, request: Request) -> int:
        """Answer with the text ok."""
        return answer(request, 200, b"ok")


def _field(form: bytes, name: bytes) -> bytes:
    # Not parse_qs, which loses bytes above 127.
    pairs = form.split(b"&", MAX_FIELDS)
    if len(pairs) > MAX_FIELDS:
        raise ClientError(413, f"A form may have at most {MAX_FIELDS} fields.")
    for key, _, value in (pair.partition(b"=") for pair in pairs):
        if key == name:
            return unquote_to_bytes(value.replace(b"+", b" "))
    return b""
