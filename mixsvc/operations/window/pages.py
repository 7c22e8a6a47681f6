"""Whole pages: the log-in, the window, the question before an action, refusals."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import Environment

from mixsvc.operations.window.files import WindowFiles
from mixsvc.operations.window.forms import FormAction
from mixsvc.operations.window.rendering import LiveParts

__all__ = ["CONFIRMED", "LAST", "LoginPage", "Notice", "WindowPages"]

# Actions that somebody is asked about before.
CONFIRMED: Final = frozenset(("ban", "close", "drain", "restart"))

# Actions whose outcome no later page of this process can tell.
LAST: Final = frozenset(("restart",))


@dataclass(frozen=True)
class Notice:
    """What came of an action. ok: whether it was done."""

    text: str
    ok: bool


@dataclass(frozen=True)
class LoginPage:
    """proof: what its form must send. wrong: what was wrong with the last attempt; "" for nothing.

    is_from_outside: whether a link of another site led here, so that the browser has not sent its cookie.
    """

    proof: str
    wrong: str = ""
    is_from_outside: bool = False


class WindowPages:
    """The templates of whole pages. root: how a page at that path writes /, as a proxy may have it elsewhere."""

    def __init__(self, templates: Environment, files: WindowFiles, now: Callable[[], float]) -> None:
        """now: returns seconds since 1970, UTC."""
        self._templates = templates
        self._files = files
        self._now = now

    def login(self, root: str, page: LoginPage) -> bytes:
        """Returns the page with the form that asks for the token."""
        return self._page("login.html", root, vars(page))

    def window(self, live: LiveParts, proof: str, actions: Sequence[FormAction], notice: Notice | None) -> bytes:
        """Returns the page itself. proof: what its forms must send."""
        values = {"live": live, "proof": proof, "actions": actions, "notice": notice, "confirmed": CONFIRMED}
        return self._page("window.html", "", {**values, "now": self._now()})

    def confirm(self, root: str, action: FormAction, words: Sequence[str], proof: str) -> bytes:
        """Returns the question whether an action is meant. words: for its arguments."""
        values = {"action": action, "words": words, "words_json": json.dumps(words), "proof": proof}
        return self._page("confirm.html", root, values)

    def outcome(self, root: str, action: FormAction, notice: Notice) -> bytes:
        """Returns what came of an action, as a page of its own."""
        return self._page("outcome.html", root, {"action": action, "notice": notice})

    def refusal(self, root: str, status: int, title: str, text: str) -> bytes:
        """Returns a page that says why there is no other one."""
        return self._page("refusal.html", root, {"status": status, "title": title, "text": text})

    def _page(self, name: str, root: str, values: Mapping[str, Any]) -> bytes:
        return self._templates.get_template(name).render(root=root, files=self._files, **values).encode()
