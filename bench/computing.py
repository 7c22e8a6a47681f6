"""How many steps of the view that computes take some time on this machine."""

import time
from typing import Final

from bench.servers.wsgi_app import compute

__all__ = ["steps_for"]

TRIAL_STEPS: Final = 20_000
TRIALS: Final = 30


def steps_for(seconds: float) -> int:
    """The steps that take this much CPU time when nothing else disturbs: by the fastest of some trials."""
    return round(TRIAL_STEPS * seconds / min(_trial() for _ in range(TRIALS)))


def _trial() -> float:
    before = time.thread_time()
    compute(TRIAL_STEPS)
    return time.thread_time() - before
