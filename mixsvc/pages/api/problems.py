"""Problem JSON (RFC 9457): the API's error responses."""

from typing import Final

from flask import Response
from werkzeug.exceptions import HTTPException

from mixsvc.answers.problems import PROBLEM, problem_text

__all__ = ["RETRY_SECONDS", "problem", "problem_of", "sentence"]

# Retry-After, in seconds, when the chat did not answer in time.
RETRY_SECONDS: Final = 2


def problem(status: int, detail: str, **more: object) -> Response:
    """An error response for programs. detail: a sentence for a person; more: further members of the JSON object."""
    return Response(problem_text(status, detail, **more), status, content_type=PROBLEM)


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
