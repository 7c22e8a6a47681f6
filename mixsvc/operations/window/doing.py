"""Actions: the question before some of them, and what came of them."""

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Final

from twisted.logger import Logger

from mixsvc.answers.answer import Answer
from mixsvc.errors import MixError
from mixsvc.operations.window.call import WindowCall
from mixsvc.operations.window.desk import WindowDesk
from mixsvc.operations.window.forms import FormAction
from mixsvc.operations.window.pages import CONFIRMED, LAST, Notice, WindowPages
from mixsvc.operations.window.responses import html_answer, json_answer, redirect
from mixsvc.operations.window.sessions import WindowSession

__all__ = ["WindowActions"]

# Sessions that have not been shown what came of their last action, at most.
MAX_NOTICES: Final = 100

FAILED: Final = "It failed; the log of the service says why."


class WindowActions:
    """Does what forms ask for. Reactor thread."""

    _log = Logger("mixsvc.operations.window")

    def __init__(self, desk: WindowDesk, pages: WindowPages) -> None:
        self._desk = desk
        self._pages = pages
        # By session; shown with the next page.
        self._notices: OrderedDict[str, Notice] = OrderedDict()

    async def answer(self, call: WindowCall, session: WindowSession, action: FormAction) -> Answer:
        """Do an action, whose form was checked, unless it has to be confirmed first. Answers when it is done."""
        words = _words(action, call.form)
        if action.name in CONFIRMED and call.form.get("confirmed") != "yes":
            return html_answer(200, self._pages.confirm(call.root, action, words, session.proof))
        notice = await self._done(action, words)
        if call.wants_json:
            return json_answer(200, {"ok": notice.ok, "text": notice.text})
        if action.name in LAST:
            return html_answer(200, self._pages.outcome(call.root, action, notice))
        self._notices[session.id] = notice
        while len(self._notices) > MAX_NOTICES:
            self._notices.popitem(last=False)
        return redirect(call.root)

    def notice(self, session: WindowSession) -> Notice | None:
        """What came of the session's last action; told once."""
        return self._notices.pop(session.id, None)

    async def _done(self, action: FormAction, words: Sequence[str]) -> Notice:
        try:
            return Notice(await self._desk.perform(action.name, words), True)
        except MixError as error:
            return Notice(f"{action.name}: {error}", False)
        except Exception:
            self._log.failure("mixsvc: the action {action} failed", action=action.name)
            return Notice(FAILED, False)


def _words(action: FormAction, form: Mapping[str, str]) -> Sequence[str]:
    """What is given for the arguments, in their order: by a button of a table as one list, else field by field."""
    if "words" not in form:
        words = [form.get(each.name, "").strip() for each in action.arguments]
        while words and not words[-1]:
            words.pop()
        return words
    try:
        given = json.loads(form["words"])
    except ValueError:
        return []
    return [str(each) for each in given] if isinstance(given, list) else []
