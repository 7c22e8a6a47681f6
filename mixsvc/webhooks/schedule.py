"""When a delivery that has failed is tried again. Pure: randomness is an argument."""

from enum import Enum
from math import ceil
from random import Random
from typing import Final

from mixsvc.common.clocks import back_off
from mixsvc.common.records import record

__all__ = [
    "GIVEN_UP",
    "LONGEST_WAIT",
    "MOST_REFUSALS",
    "Outcome",
    "Verdict",
    "delay",
    "outcome_of",
    "wait_left",
    "wait_of",
]

# Seconds to the first attempt after a failure; each further one comes three times as late, up to an hour.
FIRST: Final = 5.0
FACTOR: Final = 3.0
LONGEST: Final = 3600.0

# The longest wait that a receiver may ask for.
LONGEST_WAIT: Final = 86400.0

# By which part a delay is longer or shorter, so that not all come back at once.
JITTER: Final = 0.2

# After so many attempts an event that its receiver refuses is given up: the next ones may be accepted.
MOST_REFUSALS: Final = 8

# What it counts as then, beside the outcome of the attempt.
GIVEN_UP: Final = "given_up"

GONE: Final = 410
PATIENT: Final = frozenset({408, 425, 429})


class Verdict(Enum):
    """What becomes of a delivery: it has arrived, is refused, has failed, or the receiver wants no more at all."""

    SENT = "sent"
    REFUSED = "refused"
    FAILED = "failed"
    GONE = "gone"


@record
class Outcome:
    """The end of one attempt. why: for the log. retry_after: seconds that the receiver wants; 0 if it did not say."""

    verdict: Verdict
    why: str = ""
    retry_after: float = 0


def outcome_of(status: int, retry_after: float) -> Outcome:
    """Returns what a response means. A redirect is a failure: it is not followed."""
    if 200 <= status < 300:
        return Outcome(Verdict.SENT)
    why = f"it answered {status}"
    if status == GONE:
        return Outcome(Verdict.GONE, why)
    if 400 <= status < 500 and status not in PATIENT:
        return Outcome(Verdict.REFUSED, why)
    return Outcome(Verdict.FAILED, why, retry_after)


def delay(attempts: int, retry_after: float, random: Random) -> float:
    """Returns the seconds to the next attempt after so many have failed: never less than the receiver wants."""
    usual = back_off(FIRST, LONGEST, attempts - 1, FACTOR)
    return max(usual * random.uniform(1 - JITTER, 1 + JITTER), retry_after)


def wait_of(address: str, seconds: float) -> str:
    """Returns what is stored of a wait beside its end: for which address, which has no space, and how long it is."""
    return f"{address} {ceil(seconds)}"


def wait_left(stored: str, until: float | None, address: str, now: float) -> float:
    """Returns how many seconds are left of a wait that is stored; 0 if it is none for this address.

    until, now: seconds since 1970, UTC. Wherever the clock stood when it was stored, no more is left than the whole.
    """
    of, _, seconds = stored.partition(" ")
    if until is None or of != address or not seconds.isdecimal():
        return 0.0
    return min(max(0.0, until - now), float(seconds[:10]), LONGEST_WAIT)
