import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from mixsvc.operations.renewal_signal import RenewalSignal


@pytest.fixture
def renewal() -> Iterator[RenewalSignal]:
    """One that handles the signal; restores what was there before."""
    before = signal.getsignal(signal.SIGUSR2)
    made = RenewalSignal()
    made.hold()
    yield made
    signal.signal(signal.SIGUSR2, before)


def test_each_signal_leads_to_what_is_to_be_done(renewal: RenewalSignal) -> None:
    told: list[int] = []
    renewal.lead_to(lambda: told.append(1))

    os.kill(os.getpid(), signal.SIGUSR2)
    os.kill(os.getpid(), signal.SIGUSR2)

    assert told == [1, 1]


def test_signals_during_the_start_lead_to_it_once_afterwards(renewal: RenewalSignal) -> None:
    told: list[int] = []
    os.kill(os.getpid(), signal.SIGUSR2)
    os.kill(os.getpid(), signal.SIGUSR2)

    renewal.lead_to(lambda: told.append(1))

    assert told == [1]


def test_an_application_that_handles_the_signal_itself_goes_on_to_do_so(renewal: RenewalSignal) -> None:
    told: list[str] = []
    signal.signal(signal.SIGUSR2, lambda number, frame: told.append("theirs"))

    renewal.lead_to(lambda: told.append("ours"))
    os.kill(os.getpid(), signal.SIGUSR2)

    assert told == ["theirs"]


def test_programs_that_we_start_do_not_ignore_the_signal(renewal: RenewalSignal) -> None:
    shown = subprocess.run(
        [sys.executable, "-c", "import signal; print(signal.getsignal(signal.SIGUSR2) == signal.SIG_DFL)"],
        stdout=subprocess.PIPE,
        check=True,
    )

    assert shown.stdout == b"True\n"
