"""The answers of the window, with what a browser may do with them."""

import json
from collections.abc import Mapping
from typing import Final

from mixsvc.answers.answer import Answer, Pairs, make_answer

__all__ = ["asset", "html_answer", "json_answer", "redirect", "text_answer"]

# Only files of this port, and nothing inline; no page may frame ours, and none that opened it has a reference to it.
POLICY: Final[Pairs] = (
    (
        b"Content-Security-Policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (b"X-Content-Type-Options", b"nosniff"),
    (b"X-Frame-Options", b"DENY"),
    # With no-referrer, browsers would say Origin: null in forms.
    (b"Referrer-Policy", b"same-origin"),
    (b"Cross-Origin-Opener-Policy", b"same-origin"),
    (b"Cross-Origin-Resource-Policy", b"same-origin"),
    (b"Permissions-Policy", b"camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"),
)

NOT_STORED: Final[Pairs] = ((b"Cache-Control", b"no-store"), (b"Vary", b"Cookie"))


def html_answer(status: int, body: bytes, more: Pairs = ()) -> Answer:
    """Returns an answer with HTML, which nobody keeps."""
    return make_answer(status, b"text/html; charset=utf-8", body, (*NOT_STORED, *POLICY, *more))


def text_answer(status: int, text: str, more: Pairs = ()) -> Answer:
    """Returns an answer with a text."""
    return make_answer(status, b"text/plain; charset=utf-8", f"{text}\n".encode(), (*NOT_STORED, *POLICY, *more))


def json_answer(status: int, value: "bytes | Mapping[str, object]") -> Answer:
    """Returns an answer with JSON. value: written already, or an object."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return make_answer(status, b"application/json", body, (*NOT_STORED, *POLICY))


def redirect(where: str, more: Pairs = ()) -> Answer:
    """Returns an answer that leads to another page, as a form does. where: relative to the form's."""
    # Relative (RFC 9110 section 10.2.2): a proxy may have the page below another path.
    location = (b"Location", where.encode("ascii"))
    return make_answer(303, b"text/plain; charset=utf-8", b"", (*NOT_STORED, *POLICY, location, *more))


def asset(answer: Answer) -> Answer:
    """Returns the answer for a script or style, which is nobody's secret and may be kept."""
    return answer.having(*POLICY)
