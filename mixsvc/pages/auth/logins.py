"""The moderators' passwords, and how often they may be tried."""

import re
from collections.abc import Callable, Sequence
from math import ceil
from threading import BoundedSemaphore, Lock
from typing import Final

from twisted.logger import Logger
from werkzeug.security import check_password_hash

from mixsvc.common.addresses import network
from mixsvc.config.parsers import Moderator
from mixsvc.errors import BadSetting
from mixsvc.pages.auth.sessions import name_key
from mixsvc.pages.auth.throttle import Attempts

__all__ = ["Logins", "TooManyTries", "WrongPassword"]

# What Werkzeug makes of a password: method, salt and 64 bytes.
HASH: Final = r"scrypt:[0-9]{1,9}:[0-9]{1,4}:[0-9]{1,4}\$[^$]+\$[0-9a-f]{128}"

# Where nobody can log in, this method is tried in vain.
USUAL_METHOD: Final = "scrypt:32768:8:1"

# Each check takes 32 MB and a tenth of a second of a thread that views wait for; so long one waits for its turn.
CHECKS_AT_ONCE: Final = 2
TURN_SECONDS: Final = 2.0

# Wrong ones from everywhere that are free for one name: so many that its owner is not kept out by a few.
FREE_FOR_A_NAME: Final = 100


class WrongPassword(Exception):
    """The name, the password or both are wrong."""


class TooManyTries(Exception):
    """Not tried. seconds: how long to wait before the next."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} s")
        self.seconds = seconds


class Logins:
    """Knows who may log in. May be used in any thread."""

    _log = Logger("mixsvc.web")

    def __init__(self, moderators: Sequence[Moderator], clock: Callable[[], float]) -> None:
        """clock: seconds that never go back. Raises BadSetting for a hash that is none."""
        self._moderators = {name_key(each.name): each for each in moderators if each.password_hash}
        for each in self._moderators.values():
            if not re.fullmatch(HASH, each.password_hash):
                why = "what follows the name is not what `python -m mixsvc hash-password` prints; run it again"
                raise BadSetting(f"[chat] moderators: {each.name}: {why}")
        methods = [each.password_hash.split("$")[0] for each in self._moderators.values()]
        # Of the same cost as a real one, and the hash of no password.
        self._nobody = Moderator("", f"{(methods or [USUAL_METHOD])[0]}$nobody${'0' * 128}")
        self._addresses, self._names = Attempts(clock), Attempts(clock, FREE_FOR_A_NAME)
        self._counting = Lock()
        self._checks = BoundedSemaphore(CHECKS_AT_ONCE)

    def check(self, name: str, password: str, address: str) -> Moderator:
        """The moderator with this name and password; blocks for about 0.1 s, for unknown names as well.

        address: the client's; empty where it is not known. Raises WrongPassword and TooManyTries.
        """
        if not self._checks.acquire(timeout=TURN_SECONDS):
            raise TooManyTries(1)
        try:
            return self._check(name, password, address)
        finally:
            self._checks.release()

    def _check(self, name: str, password: str, address: str) -> Moderator:
        key = name_key(name)
        counted = [(self._names, key)]
        if address:
            # Behind a socket without addresses all clients would wait for one.
            counted.append((self._addresses, network(address)))
        with self._counting:
            wait = max(attempts.wait(each) for attempts, each in counted)
            if wait:
                raise TooManyTries(ceil(wait))
            for attempts, each in counted:
                attempts.begin(each)
        moderator = self._moderators.get(key, self._nobody)
        if not check_password_hash(moderator.password_hash, password):
            self._log.warn("web: the login of {name!r} from {address} was refused", name=name, address=address)
            raise WrongPassword
        for attempts, each in counted:
            attempts.forgive(each)
        self._log.info("web: the moderator {name!r} has logged in from {address}", name=name, address=address)
        return moderator
