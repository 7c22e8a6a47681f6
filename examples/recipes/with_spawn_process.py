"""Another program, without blocking, with spawnProcess: `sort` sorts the rates.

python with_spawn_process.py [URL]
"""

import os
import sys
from typing import Any

import treq
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import react
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers


class Exchange(ProcessProtocol):
    """Writes a program's input; `done` fires with its output, or RuntimeError. Cancelling `done` kills the program."""

    transport: Any

    def __init__(self, text: bytes) -> None:
        # A program has no time limit of its own. It cannot ignore the signal KILL.
        self.done: Deferred[bytes] = Deferred(lambda cancelled: self.transport.signalProcess("KILL"))
        self._text, self._out, self._complaints = text, b"", b""

    def connectionMade(self) -> None:
        self.transport.write(self._text)
        # Otherwise the program waits for more input.
        self.transport.closeStdin()

    def outReceived(self, data: bytes) -> None:
        # A piece of any size, not a line. The output of an unknown program needs a limit.
        self._out += data

    def errReceived(self, data: bytes) -> None:
        self._complaints += data

    def processEnded(self, reason: Failure) -> None:
        # Not processExited, after which there may be more output to read.
        if reason.check(ProcessDone):
            self.done.callback(self._out)
        else:
            self.done.errback(RuntimeError(self._complaints.decode().strip() or reason.getErrorMessage()))


async def main(reactor: Any, url: str = "http://127.0.0.1:8080") -> None:
    """Run by react."""
    try:
        headers = Headers({"Accept": ["text/plain"]})
        answer = await treq.get(f"{url}/api/rates?base=EUR", headers=headers, timeout=10)
        body = await treq.content(answer).addTimeout(10, reactor)
        if answer.code != 200:
            raise ValueError(f"the answer has status {answer.code}")
        sort = Exchange(body)
        # The environment is empty unless one is given. There is no shell, so nothing has to be quoted.
        environment = {"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath)}
        reactor.spawnProcess(sort, "sort", ["sort", "-k2,2n"], environment)
        lines = (await sort.done.addTimeout(10, reactor)).decode().splitlines()
    except Exception as error:
        raise SystemExit(f"with_spawn_process: {url}: {type(error).__name__}: {error}") from None
    print(f"{len(lines)} rates, from {lines[0]} to {lines[-1]}")


if __name__ == "__main__":
    react(main, sys.argv[1:2])
