"""Services that are the nodes of one chat: killed, stopped and started again on their ports."""

import signal
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Final, Self

from tests.e2e.support.operators import OPERATORS, admin_url, metric, unready
from tests.e2e.support.service import Launch, Service
from tests.e2e.support.waiting import wait_until
from tests.ports import free_port

__all__ = ["DEAD_AFTER", "Nodes", "node_settings", "with_shared_secrets"]

# In seconds: nodes are given up soon, so that tests need not wait for it.
HEARTBEAT: Final = 0.2
DEAD_AFTER: Final = 2.0

# No rate limit is reached here.
LIVELY: Final = {"rate": "1000000", "burst": "1000000", "joins": "1000000", "keep": "1000000"}


class Nodes:
    """Services on ports that they keep; as a context manager, they are killed at the end."""

    def __init__(self, launches: Sequence[Launch]) -> None:
        self.ports = [free_port() for _ in launches]
        self._launches = [
            replace(each, options=("--port", str(port))) for each, port in zip(launches, self.ports, strict=True)
        ]
        self._stack = ExitStack()
        self.services = [self._start(number) for number in range(len(launches))]
        self.wait_until_all_are_ready()

    def kill(self, number: int) -> None:
        """SIGKILL."""
        self.services[number].kill()

    def start_again(self, number: int) -> None:
        """Start a node that was killed; does not wait until it listens."""
        self.services[number] = self._start(number)

    def freeze(self, number: int) -> None:
        """SIGSTOP."""
        self.services[number].process.send_signal(signal.SIGSTOP)

    def go_on(self, number: int) -> None:
        """SIGCONT."""
        self.services[number].process.send_signal(signal.SIGCONT)

    def wait_until_all_say(self, reason: str) -> None:
        """Until /readyz of each node gives a reason with these words."""
        for each in self.services:
            wait_until(partial(_says, admin_url(each), reason), f"/readyz does not say {reason!r}")

    def wait_until_all_are_ready(self) -> None:
        """Every node is well, and sees all others and no more."""
        for each in self.services:
            assert each.port
            wait_until(partial(_is_ready, admin_url(each)), "a node does not become ready")
        admin = [admin_url(each) for each in self.services]
        count = len(admin)
        wait_until(lambda: [metric(each, "mixsvc_nodes") for each in admin] == count * [count], "they do not meet")

    def _start(self, number: int) -> Service:
        return self._stack.enter_context(Service(self._launches[number]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in range(len(self.services)):
            self.go_on(number)
        self._stack.close()


def _says(url: str, reason: str) -> bool:
    return reason in unready(url)


def _is_ready(url: str) -> bool:
    return not unready(url)


def node_settings(launch: Launch, url: str) -> Launch:
    """A node on this database."""
    times = {"heartbeat": f"{HEARTBEAT:g}", "dead_after": f"{DEAD_AFTER:g}"}
    return with_shared_secrets(launch).having(storage={"url": url}, server=OPERATORS, chat=LIVELY, nodes=times)


def with_shared_secrets(launch: Launch) -> Launch:
    """The same with files of secrets that it shares with the services in folders beside its own."""
    shared = launch.folder.parent
    files = {"web": {"secret_key_file": str(shared / "secret_key")}, "chat": {"token_file": str(shared / "api_token")}}
    return launch.having(**files)
