"""Reads and checks the JSON body and the query of a request to the API; an error ends the view with problem JSON."""

import json
from collections.abc import Mapping
from typing import Final, NoReturn

from flask import abort, request

from mixsvc.common.numbers import whole_number
from mixsvc.common.text import without_surrogates
from mixsvc.pages.api.problems import problem

__all__ = ["json_object", "number_in_query", "optional_text", "refuse", "text", "text_in_query"]

# The longest body with names and passwords.
MAX_BYTES: Final = 65536


def refuse(status: int, detail: str, headers: Mapping[str, str] | None = None, **more: object) -> NoReturn:
    """End the view with problem JSON; `more` are further members of the problem."""
    answer = problem(status, detail, **more)
    answer.headers.update(headers or {})
    abort(answer)


def json_object(max_bytes: int = MAX_BYTES) -> Mapping[str, object]:
    """The JSON object in the body of the request. Refuses with 413, 411 or 400."""
    if (request.content_length or 0) > max_bytes:
        refuse(413, f"The body is too large: the limit is {max_bytes} bytes.")
    body = request.get_data()
    if not body and "Transfer-Encoding" in request.headers:
        # WSGI (PEP 3333) does not say where a chunked body ends, so none of it was read.
        refuse(411, "Send the body with a Content-Length.")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        refuse(400, "The body is not JSON.")
    if not isinstance(found, dict):
        refuse(400, "The body is not a JSON object.")
    return found


def text(fields: Mapping[str, object], member: str, most: int) -> str:
    """A required member: text of 1 to `most` characters, without surrogates. Refuses with 400."""
    found = optional_text(fields, member, most)
    if found is None:
        refuse(400, f"The member {member} is missing: give text of 1 to {most} characters.", member=member)
    return found


def optional_text(fields: Mapping[str, object], member: str, most: int) -> str | None:
    """The same for a member that may be null or absent."""
    value = fields.get(member)
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(found := without_surrogates(value)) <= most:
        refuse(400, f"The member {member} is not text of 1 to {most} characters.", member=member)
    return found


def text_in_query(member: str, most: int) -> str:
    """A required text in the query of the URL, of 1 to `most` characters. Refuses with 400."""
    found = without_surrogates(request.args.get(member, ""))
    if not 1 <= len(found) <= most:
        refuse(400, f"The parameter {member} is not text of 1 to {most} characters.", member=member)
    return found


def number_in_query(member: str, least: int, most: int) -> int | None:
    """A whole number in the query of the URL; None if it is empty or absent. Refuses with 400."""
    value = request.args.get(member, "")
    if not value:
        return None
    try:
        return whole_number(value, least, most)
    except ValueError:
        refuse(400, f"The parameter {member} is not a whole number from {least} to {most}.", member=member)
