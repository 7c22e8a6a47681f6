"""One request to the window, as its routes see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import IO

from werkzeug.http import parse_cookie

from mixsvc.answers.asked import Asked
from mixsvc.http.page_request import asked_by
from mixsvc.http.request import MixRequest
from mixsvc.operations.window.forms import read_form

__all__ = ["WindowCall"]


@dataclass(frozen=True)
class WindowCall:
    """segments: of the path, decoded. body: at its beginning. address: the client's; "" on a Unix socket."""

    asked: Asked
    segments: tuple[str, ...]
    body: IO[bytes] | None
    address: str

    @classmethod
    def of(cls, request: MixRequest) -> "WindowCall":
        """Returns what a complete request asks."""
        path = [*(request.prepath or ()), *(request.postpath or ())]
        segments = tuple(each.decode("utf-8", "replace") for each in path)
        address = str(getattr(request.getClientAddress(), "host", ""))
        return cls(asked_by(request), segments, request.content, address)

    @property
    def root(self) -> str:
        """How this path writes /."""
        return "../" * (len(self.segments) - 1)

    @property
    def is_secure(self) -> bool:
        """Whether the client speaks TLS."""
        return self.asked.scheme == "https"

    @property
    def wants_json(self) -> bool:
        """Whether a script of the page asks."""
        return self.asked.header("accept") == "application/json"

    @cached_property
    def form(self) -> Mapping[str, str]:
        """The fields of the form that was sent."""
        return read_form(self.body)

    @cached_property
    def cookies(self) -> Mapping[str, str]:
        """The cookies, by name; of several with a name the first one, which is that of the longest path."""
        return parse_cookie(self.asked.header("cookie")).to_dict()
