"""How often somebody may try a password, and how many passwords are checked at one time."""

from collections.abc import Callable, Sequence
from itertools import count
from math import ceil
from threading import Lock
from typing import Final, TypeAlias

from mixsvc.common.addresses import network
from mixsvc.common.records import record
from mixsvc.common.token_bucket import Pace, TokenBucket
from mixsvc.pages.auth.throttle import GuessThrottle

__all__ = ["LoginLimits", "TooManyAttempts"]

# So many checks run at one time in each lane. A check takes 32 MB, and a view's thread and a processor for a tenth of a
# second.
MAX_CHECKS: Final = 2

# A check that has not ended after so many seconds has died with its process, and its place is free again.
PLACE_SECONDS: Final = 10.0

# So many checks strangers get in the long run, all together, and so many at once.
CHECKS_A_SECOND: Final = 2.0
CHECKS_BURST: Final = 10

# Failures for one name, from all addresses of strangers, that cost no wait: enough that one cannot easily lock out an
# owner who comes from a new browser.
FREE_FAILURES_PER_NAME: Final = 100


class TooManyAttempts(Exception):
    """The password was not checked. seconds: how long to wait before the next attempt."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} s")
        self.seconds = seconds


class LoginRate:
    """How many attempts all strangers together may make; used like a GuessThrottle that has one key."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._bucket = TokenBucket(Pace(CHECKS_A_SECOND, CHECKS_BURST))

    def wait(self, key: str) -> float:
        """How long the next attempt has to wait, in seconds; 0 if it need not wait."""
        return self._bucket.wait(self._clock())

    def begin(self, key: str) -> None:
        """Count an attempt."""
        self._bucket.take(self._clock())

    def succeeded(self, key: str) -> None:
        """Do nothing: an attempt with the right password takes as much time."""


# What counts an attempt, and the key for which it does.
Counted: TypeAlias = tuple[GuessThrottle | LoginRate, str]


@record
class Attempt:
    """An attempt whose password is being checked. has_device: its lane. ends_at: when its place is free again."""

    has_device: bool
    counted: Sequence[Counted]
    ends_at: float


class LoginLimits:
    """Counts the attempts of one service; see AttemptLimits. Used in any thread; nobody waits in it.

    There are two lanes with places of their own. Whoever has logged in to the account from that browser is limited by
    that device alone, so what others do never keeps them out. For everybody else failures count by address and by name,
    and so do all checks.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """clock: seconds that never go back."""
        self._clock = clock
        self._addresses, self._names = GuessThrottle(clock), GuessThrottle(clock, FREE_FAILURES_PER_NAME)
        self._devices, self._all = GuessThrottle(clock), LoginRate(clock)
        self._lock = Lock()
        self._numbers = count(1)
        self._checking: dict[int, Attempt] = {}

    def begin(self, name: str, address: str, device: str) -> int:
        """See AttemptLimits."""
        counted: list[Counted] = [(self._devices, device)] if device else self._of_stranger(name, address)
        with self._lock:
            # First, as those who must wait are told how long though all places are taken.
            wait = max(throttle.wait(each) for throttle, each in counted)
            if wait:
                raise TooManyAttempts(ceil(wait))
            self._check_place(has_device := bool(device))
            for throttle, each in counted:
                throttle.begin(each)
            number = next(self._numbers)
            self._checking[number] = Attempt(has_device, counted, self._clock() + PLACE_SECONDS)
            return number

    def end(self, attempt: int, is_right: bool) -> None:
        """See AttemptLimits. A right password makes the failures forgotten, unless its check took PLACE_SECONDS."""
        with self._lock:
            found = self._checking.pop(attempt, None)
        for throttle, each in found.counted if found is not None and is_right else ():
            throttle.succeeded(each)

    def _check_place(self, has_device: bool) -> None:
        """Raises TooManyAttempts if no place of the lane is free."""
        now = self._clock()
        self._checking = {number: each for number, each in self._checking.items() if each.ends_at > now}
        if sum(each.has_device == has_device for each in self._checking.values()) >= MAX_CHECKS:
            raise TooManyAttempts(1)

    def _of_stranger(self, name: str, address: str) -> list[Counted]:
        # Without addresses all clients would wait because of one.
        by_address: list[Counted] = [(self._addresses, network(address))] if address else []
        return [(self._all, ""), (self._names, name), *by_address]
