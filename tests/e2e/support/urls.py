"""Asking a server on the loopback, with the standard library."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.e2e.support.service import DEADLINE

__all__ = ["get_json", "get_text", "post", "status_of"]


def get_text(url: str) -> str:
    """The body of a 200."""
    with urlopen(url, timeout=DEADLINE) as answer:
        text: str = answer.read().decode()
        return text


def get_json(url: str) -> Any:
    """The JSON of a 200."""
    return json.loads(get_text(url))


def post(url: str, body: bytes, **headers: str) -> tuple[int, bytes]:
    """Status and body of a POST; underscores in header names stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return _ask(Request(url, body, named, method="POST"))


def status_of(url: str, headers: Mapping[str, str] | None = None) -> int:
    """The status of a GET with these headers."""
    return _ask(Request(url, headers=dict(headers or {})))[0]


def _ask(request: Request) -> tuple[int, bytes]:
    try:
        with urlopen(request, timeout=DEADLINE) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        return error.code, error.read()
