"""Problem JSON (RFC 9457): how the API says no."""

from http import HTTPStatus

from flask import Response, json
from werkzeug.exceptions import HTTPException

__all__ = ["problem", "problem_of"]

CONTENT_TYPE = "application/problem+json"


def problem(status: int, detail: str, **more: object) -> Response:
    """A refusal for programs: `detail` is a sentence for the person, `more` are further members of the object."""
    return Response(_body(status, detail, more), status, content_type=CONTENT_TYPE)


def problem_of(error: HTTPException) -> Response:
    """The same for an error that Flask found or a view raised; headers such as Allow and Retry-After are kept."""
    response = error.get_response()
    kept = [(name, value) for name, value in response.headers if name not in ("Content-Type", "Content-Length")]
    answer = problem(response.status_code, error.description or error.name)
    answer.headers.extend(kept)
    return answer


def _body(status: int, detail: str, more: dict[str, object]) -> str:
    # No type member: "about:blank" is its default, and then the title is the status's own phrase.
    return json.dumps({"title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}) + "\n"
