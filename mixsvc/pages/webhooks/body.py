"""The payload in the body of a request, in each form in which senders to Slack send it."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs

from flask import Request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from mixsvc.common.text import decode_utf8, parse_json

__all__ = ["MAX_BYTES", "BadPayload", "payload_in"]

# The longest body; the text of a message is far shorter.
MAX_BYTES: Final = 2**18

# The field of a form that has the payload, and how many fields there may be.
FIELD: Final = "payload"
MOST_FIELDS: Final = 1000

FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"


class BadPayload(Exception):
    """The body is refused. word: what is answered, as Slack does."""

    def __init__(self, status: int, word: str) -> None:
        super().__init__(word)
        self.status, self.word = status, word


def payload_in(request: Request) -> Mapping[str, Any]:
    """Returns the JSON object in the body of a request, or in the field `payload` of a form. Raises BadPayload.

    A body that is no form is JSON whatever its type says, and so is one that is called a form and is none: curl calls
    everything so, and many scripts name no type.
    """
    if (request.content_length or 0) > MAX_BYTES:
        raise BadPayload(413, "payload_too_large")
    try:
        found = parse_json(_json(request))
    except RequestEntityTooLarge:
        # For [web] max_body, or it has too many parts.
        raise BadPayload(413, "payload_too_large") from None
    except (ValueError, RecursionError, ClientDisconnected):
        raise BadPayload(400, "invalid_payload") from None
    if not isinstance(found, dict):
        raise BadPayload(400, "invalid_payload")
    return found


def _json(request: Request) -> str:
    if request.mimetype == MULTIPART:
        return request.form.get(FIELD, "")
    body = request.get_data()
    if not body and "Transfer-Encoding" in request.headers:
        # WSGI (PEP 3333) does not say where a chunked body ends, so none of it was read.
        raise BadPayload(411, "invalid_payload")
    text = decode_utf8(body).removeprefix("\ufeff")
    if request.mimetype != FORM or text.lstrip().startswith("{"):
        return text
    return parse_qs(text, max_num_fields=MOST_FIELDS).get(FIELD, [""])[0]
