"""An application that shows what PEP 3333 promises, in threads of one service and in processes of another."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.support.both_ways import WAYS, hosting, wait_for_processes
from tests.e2e.support.service import Launch, Service

CONFIG = {
    "web": {"threads": "2", "slow_client_timeout": "2", "max_unread": "2000000", "max_body": "40000000"},
    "server": {"trusted_proxies": "127.0.0.1"},
    "rates": {"sources": "archive"},
}


@pytest.fixture(scope="module")
def both(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Service]]:
    """The services by their ways. They must go on after each test."""
    with ExitStack() as stack:
        services = {}
        for name, web in WAYS.items():
            launch = Launch(installed, tmp_path_factory.mktemp(name), CONFIG)
            services[name] = stack.enter_context(Service(hosting(launch, "contract_app", **web)))
        for name, service in services.items():
            wait_for_processes(service, name)
        yield services


@pytest.fixture(params=WAYS)
def contract(request: pytest.FixtureRequest, both: Mapping[str, Service]) -> Service:
    """One of the services: each test runs on both."""
    service: Service = both[request.param]
    return service
