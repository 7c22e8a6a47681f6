"""The three nodes of docs/how-to/operations.md, with ports and files of a test's own."""

import re
from collections.abc import Sequence
from configparser import ConfigParser
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.builds import PROJECT
from tests.e2e.support.proxies import Backend
from tests.e2e.support.service import Config, Launch, Service
from tests.ports import free_port

__all__ = ["EXAMPLE", "ThreeNodes", "documented"]

(EXAMPLE,) = [
    block
    for block in re.findall(r"```ini\n(.*?)```", (PROJECT / "docs" / "how-to" / "operations.md").read_text(), re.DOTALL)
    if "[nodes]" in block
]

# The files that the example names; all nodes have the same ones.
FILES: Final = {"url_file": "database-url", "secret_key_file": "secret_key", "token_file": "api_token"}


@dataclass(frozen=True)
class ThreeNodes:
    """Three services that run, each on the ports of its backend; as a context manager they are killed at the end."""

    launches: Sequence[Launch]
    backends: Sequence[Backend]
    services: list[Service]
    _stack: ExitStack

    def start(self, index: int) -> Service:
        """Start one of them, again if it has ended, and wait until it listens."""
        service = self.services[index] = self._stack.enter_context(Service(self.launches[index]))
        assert service.port == self.backends[index].port
        return service

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def documented(programs: Path, folder: Path, url: str, config: Config) -> ThreeNodes:
    """Start the nodes of the example at the same time, on the database of this URL. config: goes before the example."""
    parser = ConfigParser(interpolation=None)
    parser.read_string(EXAMPLE)
    example = {section: dict(parser[section]) for section in parser.sections()}
    for section, key in ((section, key) for section in example for key in FILES if key in example[section]):
        assert example[section][key].startswith("/etc/mixsvc/")
        example[section][key] = str(folder / FILES[key])
    (folder / FILES["url_file"]).write_text(url)
    backends = [Backend(free_port(), free_port()) for _ in range(3)]
    launches = []
    for number, backend in enumerate(backends, 1):
        launch = Launch(programs, folder / f"node{number}", example, (), {"PYTHONPATH": str(PROJECT)}).having(**config)
        server = {"port": str(backend.port), "admin_listen": f"tcp:{backend.admin_port}:interface=127.0.0.1"}
        launches.append(launch.having(server=server, nodes={"name": f"node{number}"}))
    with ExitStack() as stack:
        services = [stack.enter_context(Service(launch)) for launch in launches]
        for service in services:
            assert service.port
        return ThreeNodes(launches, backends, services, stack.pop_all())
