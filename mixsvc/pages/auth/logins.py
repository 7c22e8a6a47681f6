"""Checks the moderators' passwords, and limits how often somebody may try."""

import re
from collections.abc import Callable, Sequence
from math import ceil
from threading import BoundedSemaphore, Lock
from typing import Final

from twisted.logger import Logger
from werkzeug.security import check_password_hash

from mixsvc.common import names
from mixsvc.common.addresses import network
from mixsvc.config.parsers import Moderator
from mixsvc.errors import BadSetting
from mixsvc.pages.auth.throttle import LoginThrottle

__all__ = ["Logins", "TooManyAttempts", "WrongPassword"]

# Werkzeug's hash of a password: method, salt and 64 bytes.
HASH: Final = r"scrypt:[0-9]{1,9}:[0-9]{1,4}:[0-9]{1,4}\$[^$]+\$[0-9a-f]{128}"

# The method of the hash that is checked if no moderator has a password.
DEFAULT_METHOD: Final = "scrypt:32768:8:1"

# Each check takes 32 MB, and a view's thread for a tenth of a second. A login waits so many seconds for its turn.
MAX_CHECKS: Final = 2
TURN_SECONDS: Final = 2.0

# Failures for one name, from all addresses, that cost no wait: enough that a stranger cannot easily lock its owner out.
FREE_FAILURES_PER_NAME: Final = 100


class WrongPassword(Exception):
    """The name, the password or both are wrong."""


class TooManyAttempts(Exception):
    """The password was not checked. seconds: how long to wait before the next attempt."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} s")
        self.seconds = seconds


class Logins:
    """Checks the logins of moderators. Used in any thread."""

    _log = Logger("mixsvc.web")

    def __init__(self, moderators: Sequence[Moderator], clock: Callable[[], float]) -> None:
        """clock: seconds that never go back. Raises BadSetting if the hash of a password is not valid."""
        self._moderators = {names.key(each.name): each for each in moderators if each.password_hash}
        for each in self._moderators.values():
            if not re.fullmatch(HASH, each.password_hash):
                raise BadSetting(
                    f"[chat] moderators: {each.name}: the text after the name is not the hash of a password; "
                    "give what `python -m mixsvc hash-password` prints"
                )
        methods = [each.password_hash.split("$")[0] for each in self._moderators.values()]
        # Takes as long to check as a real hash, and belongs to no password.
        self._nobody = Moderator("", f"{(methods or [DEFAULT_METHOD])[0]}$nobody${'0' * 128}")
        self._addresses, self._names = LoginThrottle(clock), LoginThrottle(clock, FREE_FAILURES_PER_NAME)
        self._counting = Lock()
        self._checks = BoundedSemaphore(MAX_CHECKS)

    def check(self, name: str, password: str, address: str) -> Moderator:
        """The moderator with this name and password; blocks for about 0.1 s, for an unknown name as well.

        address: the client's; "" if it is not known. Raises WrongPassword, and TooManyAttempts if it did not check.
        """
        if not self._checks.acquire(timeout=TURN_SECONDS):
            raise TooManyAttempts(1)
        try:
            return self._check(name, password, address)
        finally:
            self._checks.release()

    def _check(self, name: str, password: str, address: str) -> Moderator:
        key = names.key(name)
        counted = [(self._names, key)]
        if address:
            # Without addresses all clients would wait because of one.
            counted.append((self._addresses, network(address)))
        with self._counting:
            wait = max(throttle.wait(each) for throttle, each in counted)
            if wait:
                raise TooManyAttempts(ceil(wait))
            for throttle, each in counted:
                throttle.begin(each)
        moderator = self._moderators.get(key, self._nobody)
        if not check_password_hash(moderator.password_hash, password):
            self._log.warn("web: the login of {name!r} from {address} was refused", name=name, address=address)
            raise WrongPassword
        for throttle, each in counted:
            throttle.succeeded(each)
        self._log.info("web: the moderator {name!r} has logged in from {address}", name=name, address=address)
        return moderator
