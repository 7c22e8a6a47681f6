"""[chat] authenticator in a view's process: whom it has found, and whether their logins have ended.

The service runs these by name (mixsvc.wsgi.child_authentication). `ended` of an Identity cannot leave the process:
it stays here under a number, its handle, until the service has it forgotten.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from io import BytesIO
from itertools import count
from threading import Lock
from typing import Any, Final, TypeAlias

from twisted.logger import Logger

from mixsvc.common.answers import error_as_json
from mixsvc.config.settings import Settings
from mixsvc.interfaces import Authenticator, Identity
from mixsvc.threads.failures import ApplicationFailure
from mixsvc.wsgi.authentication import identify
from mixsvc.wsgi.environ import environ_of_child

__all__ = ["ChildLogins", "most_logins"]

# A login, as the service gets it: person, name, whether it is a moderator's, and its handle, if it may end.
Found: TypeAlias = tuple[str, str | None, bool, int | None]


def most_logins(settings: Settings) -> int:
    """How many logins a process keeps: of all who may be in the chat, and of all whom views may have left to it."""
    return settings.chat.max_sessions + settings.topics.streams


class ChildLogins:
    """Used in several threads. authenticate: set once it is imported, before the service runs anything."""

    _log: Final = Logger("mixsvc.web")

    def __init__(self, most: int) -> None:
        """most: how many logins are kept; of more the oldest is forgotten, and asked for again when it is needed."""
        self.authenticate: Authenticator | None = None
        self._most = most
        self._lock = Lock()
        self._handles = count(1)
        self._kept: OrderedDict[int, Callable[[], bool]] = OrderedDict()
        self._methods: dict[str, Callable[..., Any]] = {
            "login.who": self.who,
            "login.ended": self.ended,
            "login.again": self.again,
            "login.forget": self.forget,
        }

    def limit(self, most: int) -> None:
        """Keep so many logins from now on."""
        self._most = most

    def run(self, name: str, arguments: Sequence[Any]) -> Any:
        """Call one of the following by its name. Raises LookupError for another name."""
        return self._methods[name](*arguments)

    def who(self, texts: str) -> Found | None:
        """Whom the authenticator finds. texts: JSON of all that is text in the environ. Raises what it raises."""
        try:
            found = self._find(texts)
        except Exception:
            # The service, which refuses the connection, has no traceback.
            self._log.failure("chat: the authenticator failed", ApplicationFailure())
            raise
        if found is None:
            return None
        handle = None if found.ended is None else self._keep(found.ended)
        return found.person, found.name, bool(found.moderator), handle

    def ended(self, *handles: int) -> list[Any]:
        """Whether each login has ended; None if its handle is not known, and an error as JSON if `ended` fails."""
        return [self._has_ended(self._kept.get(each)) for each in handles]

    def again(self, *asked: Sequence[Any]) -> list[Any]:
        """Ask the authenticator again. asked: texts, person and whether it is a moderator's, of each login.

        Returns of each whether it has ended, as somebody else or nobody is found, and its new handle; or an error.
        """
        return [self._again(*each) for each in asked]

    def forget(self, *handles: int) -> None:
        """Nobody asks about these any more."""
        with self._lock:
            for each in handles:
                self._kept.pop(each, None)

    def _find(self, texts: str) -> Identity | None:
        if self.authenticate is None:
            raise LookupError("this process has no authenticator")
        return identify(self.authenticate, environ_of_child(json.loads(texts), BytesIO()))

    def _keep(self, ended: Callable[[], bool]) -> int:
        with self._lock:
            handle = next(self._handles)
            self._kept[handle] = ended
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
            return handle

    def _has_ended(self, ended: Callable[[], bool] | None) -> Any:
        try:
            return None if ended is None else bool(ended())
        except Exception as error:
            return error_as_json(error)

    def _again(self, texts: str, person: str, moderator: bool) -> Any:
        try:
            found = self._find(texts)
        except Exception as error:
            return error_as_json(error)
        if found is None or (found.person, bool(found.moderator)) != (person, moderator):
            return True, None
        if found.ended is None:
            return False, None
        has_ended = self._has_ended(found.ended)
        return has_ended if isinstance(has_ended, dict) else (has_ended, self._keep(found.ended))
