"""Tickets of a host's views: who is held."""

from collections.abc import Mapping
from typing import Any

from twisted.logger import capturedLogs

from mixsvc.config.settings import Settings
from mixsvc.embedded.tickets import HostTickets
from mixsvc.interfaces import Identity
from mixsvc.interfaces.holds import TOPICS, Hold


def test_an_authenticator_that_fails_is_logged() -> None:
    def broken(environ: Mapping[str, Any]) -> Identity | None:
        raise ZeroDivisionError

    tickets = HostTickets(Settings(), lambda: 8081, broken)
    with capturedLogs() as events:
        status, _, _ = tickets.elsewhere({"REQUEST_METHOD": "GET"}, Hold(TOPICS, ("order-42",)))

    assert status.startswith("500")
    assert [each["log_failure"].type for each in events] == [ZeroDivisionError]
