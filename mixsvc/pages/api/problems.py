"""Problem JSON (RFC 9457): the API's error responses."""

from http import HTTPStatus

from flask import Response, json
from werkzeug.exceptions import HTTPException

__all__ = ["problem", "problem_of", "sentence"]

CONTENT_TYPE = "application/problem+json"


def problem(status: int, detail: str, **more: object) -> Response:
    """An error response for programs. detail: a sentence for a person; more: further members of the JSON object."""
    return Response(_body(status, detail, more), status, content_type=CONTENT_TYPE)


def sentence(error: Exception) -> str:
    """The text of an error of ours as a sentence, for `detail`."""
    why = str(error)
    return f"{why[:1].upper()}{why[1:]}."


def problem_of(error: HTTPException) -> Response:
    """The same for an error of Flask or of a view; it keeps headers such as Allow and Retry-After."""
    response = error.get_response()
    kept = [(name, value) for name, value in response.headers if name not in ("Content-Type", "Content-Length")]
    answer = problem(response.status_code, error.description or error.name)
    answer.headers.extend(kept)
    return answer


def _body(status: int, detail: str, more: dict[str, object]) -> str:
    # Without the member "type" it is "about:blank", whose title is the status's phrase.
    return json.dumps({"title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}) + "\n"
