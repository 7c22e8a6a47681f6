"""What a request to the API carries, checked member by member; what will not do is refused with problem JSON."""

import json
import re
from collections.abc import Mapping
from typing import Final, NoReturn

from flask import abort, request

from mixsvc.common.text import without_surrogates
from mixsvc.pages.api.problems import problem

__all__ = ["json_object", "number_in_query", "optional_text", "refuse", "text"]

# The longest body of a request that holds some names and passwords.
MOST_BYTES: Final = 65536


def refuse(status: int, detail: str, headers: Mapping[str, str] | None = None, **more: object) -> NoReturn:
    """End the view with problem JSON; `more` are further members of the problem."""
    answer = problem(status, detail, **more)
    answer.headers.update(headers or {})
    abort(answer)


def json_object(most_bytes: int = MOST_BYTES) -> Mapping[str, object]:
    """The JSON object in the body of the request. Refuses with 413, 411 or 400."""
    if (request.content_length or 0) > most_bytes:
        refuse(413, f"The body is too large: {most_bytes} bytes are enough here.")
    body = request.get_data()
    if not body and "Transfer-Encoding" in request.headers:
        # WSGI does not tell the end of a chunked body (PEP 3333), so none of it was read.
        refuse(411, "Send the body with a Content-Length.")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        refuse(400, "The body is not JSON.")
    if not isinstance(found, dict):
        refuse(400, "The body is not a JSON object.")
    return found


def text(fields: Mapping[str, object], member: str, most: int) -> str:
    """A member that must be there, of 1 to `most` characters and without surrogates. Refuses with 400."""
    found = optional_text(fields, member, most)
    if found is None:
        refuse(400, f"The member {member} is missing: give text of 1 to {most} characters.", member=member)
    return found


def optional_text(fields: Mapping[str, object], member: str, most: int) -> str | None:
    """The same for a member that may be null or left out."""
    value = fields.get(member)
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(found := without_surrogates(value)) <= most:
        refuse(400, f"The member {member} is not text of 1 to {most} characters.", member=member)
    return found


def number_in_query(member: str, least: int, most: int) -> int | None:
    """A whole number behind the question mark of the URL; None where it is empty or left out. Refuses with 400."""
    value = request.args.get(member, "")
    if not value:
        return None
    # The length is checked first: int() refuses thousands of digits with an error of its own.
    if not re.fullmatch("[0-9]{1,20}", value) or not least <= int(value) <= most:
        refuse(400, f"The parameter {member} is not a whole number from {least} to {most}.", member=member)
    return int(value)
