"""What becomes of the first process in the foreground after a restart: it stands for the service, and waits for it.

A shell, a container and a supervisor such as runit know the process that they have started, and take its end for the
end of the service. So this process stays: it gives the signals that come to it to the service, waits for it, and ends
as it does. It takes little memory: it is run as a program of its own, without site and without anything of ours.

    python -I -S -c '…' PROCESS DESCRIPTOR

PROCESS: the number of the service. DESCRIPTOR: a socket to it. The service ends when this is closed, and writes the
number of the next process on it at the next restart. That one becomes our child, as all orphans below us do. It gets
the signals from then on, while the one before it ends, which may be too far for a handler by now.
"""

import os
import signal
import sys

__all__ = ["main"]

GIVEN_ON = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGHUP,
    signal.SIGUSR1,
    signal.SIGUSR2,
)

STOPPING = (signal.SIGTERM, signal.SIGINT)

# A status of wait(2): it has ended with 1. That of an end by a signal is the number of the signal.
FAILED = 1 << 8


def main(process: int, descriptor: int) -> None:
    """Keep the service until it has ended, and end as it has."""
    signal.pthread_sigmask(signal.SIG_BLOCK, (*GIVEN_ON, signal.SIGCHLD))
    os.set_blocking(descriptor, False)
    # It may have ended before this process blocked the signal.
    number: int = signal.SIGCHLD
    ended: dict[int, int] = {}
    # The last one that has become the service, while the one before it is waited for.
    service = process
    # How a process is taken to have ended whose end only its parent has seen, which was another one.
    unseen = FAILED
    while True:
        service = next_process(descriptor) or service
        if number != signal.SIGCHLD:
            give_on(service, number)
        if number in STOPPING:
            unseen = number
        ended.update(reaped())
        while process in ended or not exists(process):
            status = ended.pop(process, unseen)
            service = next_process(descriptor) or service
            if service == process:
                end_as(status)
            process = service
            if exists(process):
                # An orphan may have had its number before.
                ended.pop(process, None)
        number = signal.sigwait((*GIVEN_ON, signal.SIGCHLD))


def give_on(process: int, number: int) -> None:
    """Send the service a signal."""
    try:
        os.kill(process, number)
    except OSError:
        pass


def exists(process: int) -> bool:
    """Whether there is a process of this number, also one that has ended and waits for its parent."""
    try:
        os.kill(process, 0)
    except OSError:
        return False
    return True


def reaped() -> dict[int, int]:
    """The status of each child that has ended."""
    found: dict[int, int] = {}
    try:
        while (pair := os.waitpid(-1, os.WNOHANG))[0]:
            found[pair[0]] = pair[1]
    except ChildProcessError:
        pass
    return found


def next_process(descriptor: int) -> int:
    """The process that the service has left its place to; 0 for none."""
    try:
        lines = os.read(descriptor, 1000).split()
    except OSError:
        return 0
    return int(lines[-1]) if lines else 0


def end_as(status: int) -> None:
    """End with a status of wait(2)."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError):
            pass
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (number,))
        os.kill(os.getpid(), number)
        # The first process of a container is not ended by a signal.
        os._exit(128 + number)
    os._exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
