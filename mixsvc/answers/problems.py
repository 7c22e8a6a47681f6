"""Problem JSON (RFC 9457): error responses for programs."""

import json
from http import HTTPStatus
from typing import Final, NoReturn

from mixsvc.answers.answer import Answer, RefusedAnswer, make_answer

__all__ = ["PROBLEM", "problem", "problem_text", "refuse", "refuse_for_now"]

PROBLEM: Final = "application/problem+json"


def problem(status: int, detail: str, **more: object) -> Answer:
    """Returns an error response. detail: a sentence for a person; more: further members of the JSON object."""
    # The next attempt may succeed, so nothing keeps it.
    fields = ((b"Cache-Control", b"no-cache"),)
    return make_answer(status, PROBLEM.encode(), problem_text(status, detail, **more).encode(), fields)


def problem_text(status: int, detail: str, **more: object) -> str:
    """Returns the JSON of an error."""
    # Without the member "type" it is "about:blank", whose title is the status's phrase.
    members = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return json.dumps(members, sort_keys=True) + "\n"


def refuse(status: int, detail: str, **more: object) -> NoReturn:
    """Raises RefusedAnswer with a problem."""
    raise RefusedAnswer(problem(status, detail, **more))


def refuse_for_now(detail: str, seconds: int) -> NoReturn:
    """Raises RefusedAnswer with 503: the next attempt may succeed after so many seconds."""
    raise RefusedAnswer(problem(503, detail).having((b"Retry-After", b"%d" % seconds)))
