"""Checks the moderators' passwords, and limits how often somebody may try."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from threading import BoundedSemaphore, Lock
from typing import Final, TypeAlias

from twisted.logger import Logger
from werkzeug.security import check_password_hash

from mixsvc.common import names
from mixsvc.common.addresses import network
from mixsvc.common.token_bucket import TokenBucket
from mixsvc.config.parsers import Moderator
from mixsvc.errors import BadSetting
from mixsvc.pages.auth.devices import Devices
from mixsvc.pages.auth.throttle import LoginThrottle

__all__ = ["LoginAttempt", "Logins", "TooManyAttempts", "WrongPassword"]

# Werkzeug's hash of a password: method, salt and 64 bytes.
HASH: Final = r"scrypt:[0-9]{1,9}:[0-9]{1,4}:[0-9]{1,4}\$[^$]+\$[0-9a-f]{128}"

# The method of the hash that is checked if no moderator has a password.
DEFAULT_METHOD: Final = "scrypt:32768:8:1"

# So many checks run at one time in each lane. A check takes 32 MB, and a view's thread and a processor for a tenth of a
# second.
MAX_CHECKS: Final = 2

# So many checks strangers get in the long run, all together, and so many at once.
CHECKS_A_SECOND: Final = 2.0
CHECKS_BURST: Final = 10

# Failures for one name, from all addresses of strangers, that cost no wait: enough that one cannot easily lock out an
# owner who comes from a new browser.
FREE_FAILURES_PER_NAME: Final = 100


class WrongPassword(Exception):
    """The name, the password or both are wrong."""


class TooManyAttempts(Exception):
    """The password was not checked. seconds: how long to wait before the next attempt."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} s")
        self.seconds = seconds


@dataclass(frozen=True)
class LoginAttempt:
    """What somebody sent. address: "" if it is not known. cookie: that of the browser (see Devices), "" for none."""

    name: str
    password: str
    address: str
    cookie: str = ""


class LoginRate:
    """How many attempts all strangers together may make; used like a LoginThrottle that has one key."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = Lock()
        self._bucket = TokenBucket(CHECKS_A_SECOND, CHECKS_BURST)

    def wait(self, key: str) -> float:
        """How long the next attempt has to wait, in seconds; 0 if it need not wait."""
        with self._lock:
            return self._bucket.wait(self._clock())

    def begin(self, key: str) -> None:
        """Count an attempt."""
        with self._lock:
            self._bucket.take(self._clock())

    def succeeded(self, key: str) -> None:
        """Do nothing: an attempt with the right password takes as much time."""


# What counts an attempt, and the key for which it does.
Counted: TypeAlias = tuple[LoginThrottle | LoginRate, str]


class CheckLane:
    """The places for checks at one time. Nobody waits for one, as that would hold a view's thread."""

    def __init__(self) -> None:
        self._places = BoundedSemaphore(MAX_CHECKS)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Take a place during the block. Raises TooManyAttempts, at once, if none is free."""
        if not self._places.acquire(blocking=False):
            raise TooManyAttempts(1)
        try:
            yield
        finally:
            self._places.release()


class Logins:
    """Checks the logins of moderators. Used in any thread.

    There are two lanes. Whoever has logged in to the account from that browser is limited by that device alone, so what
    others do never keeps them out. For everybody else failures count by address and by name, and so do all checks.
    """

    _log = Logger("mixsvc.web")

    def __init__(self, moderators: Sequence[Moderator], clock: Callable[[], float], devices: Devices) -> None:
        """clock: seconds that never go back. Raises BadSetting if the hash of a password is not valid."""
        self.devices = devices
        self._moderators = {names.key(each.name): each for each in moderators if each.password_hash}
        for each in self._moderators.values():
            if not re.fullmatch(HASH, each.password_hash):
                raise BadSetting(
                    f"[chat] moderators: {each.name}: the text after the name is not the hash of a password; "
                    "give what `mixsvc hash-password` prints"
                )
        methods = [each.password_hash.split("$")[0] for each in self._moderators.values()]
        # Takes as long to check as a real hash, and belongs to no password.
        self._nobody = Moderator("", f"{(methods or [DEFAULT_METHOD])[0]}$nobody${'0' * 128}")
        self._addresses, self._names = LoginThrottle(clock), LoginThrottle(clock, FREE_FAILURES_PER_NAME)
        self._by_device = LoginThrottle(clock)
        self._counting = Lock()
        self._strangers, self._known = CheckLane(), CheckLane()
        self._all = LoginRate(clock)

    def check(self, attempt: LoginAttempt) -> Moderator:
        """The moderator with this name and password; blocks for about 0.1 s, for an unknown name as well.

        Raises WrongPassword, and TooManyAttempts, at once, if it did not check.
        """
        key = names.key(attempt.name)
        device = self.devices.device(attempt.cookie, attempt.name) if key in self._moderators else ""
        counted: list[Counted] = [(self._by_device, device)] if device else self._strangers_keys(key, attempt.address)
        # Also before a place is taken: those who must wait do not take it from others.
        self._refuse_if_too_many(counted)
        with (self._known if device else self._strangers).place():
            self._begin(counted)
            moderator = self._moderators.get(key, self._nobody)
            is_right = check_password_hash(moderator.password_hash, attempt.password)
        name, address = attempt.name, attempt.address
        if not is_right:
            self._log.warn("web: the login of {name!r} from {address} was refused", name=name, address=address)
            raise WrongPassword
        for throttle, each in counted:
            throttle.succeeded(each)
        self._log.info("web: the moderator {name!r} has logged in from {address}", name=name, address=address)
        return moderator

    def _strangers_keys(self, key: str, address: str) -> list[Counted]:
        # Without addresses all clients would wait because of one.
        by_address: list[Counted] = [(self._addresses, network(address))] if address else []
        return [(self._all, ""), (self._names, key), *by_address]

    def _refuse_if_too_many(self, counted: Sequence[Counted]) -> None:
        wait = max(throttle.wait(each) for throttle, each in counted)
        if wait:
            raise TooManyAttempts(ceil(wait))

    def _begin(self, counted: Sequence[Counted]) -> None:
        """Count an attempt. Raises TooManyAttempts."""
        with self._counting:
            self._refuse_if_too_many(counted)
            for throttle, each in counted:
                throttle.begin(each)
