"""What a reload changes for the sources of rates and for webhooks: what they ask whom, and what they make of it."""

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from twisted.internet.testing import StringTransport

from mixsvc.config.outgoing_hooks import add_secret
from mixsvc.errors import MixError
from tests.operations.reloading.effects import shows
from tests.operations.reloading.service import ReloadedService
from tests.rates.samples import DAILY

JSON = {"sources": "json, archive", "json_url": "http://127.0.0.1:7001/a"}
# A day that has been.
DAY = "2026-10-30"


@pytest.fixture(scope="module")
def service() -> Iterator[ReloadedService]:
    made = ReloadedService()
    yield made
    made.end()


@pytest.fixture(autouse=True)
def as_at_first(service: ReloadedService) -> None:
    service.reload()
    service.reactor.tcpClients.clear()


class Asked:
    """A connection that the service has made to a port of this machine."""

    def __init__(self, service: ReloadedService, port: int, seconds: float = 1) -> None:
        """seconds: the time that may pass until it is made."""
        self._service = service
        clients = service.reactor.tcpClients

        def is_made() -> bool:
            service.reactor.advance(seconds / 100)
            return any(each[1] == port for each in clients)

        service.until(is_made)
        host, _, factory, *_ = next(each for each in clients if each[1] == port)
        self.host = host
        protocol: Any = factory.buildProtocol(None)
        self._protocol, self._transport = protocol, StringTransport()
        self._protocol.makeConnection(self._transport)
        # Bodies are sent by the global reactor, which does not run here.
        service.until(lambda: b"\r\n\r\n" in self._transport.value())
        self.request = self._transport.value().decode()
        clients.clear()

    def answer(self, body: bytes) -> None:
        """Answer with a document, and let the service read it."""
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
        self._protocol.dataReceived(head.encode() + body)
        for _ in range(20):
            self._service.turn()

    def is_given_up(self) -> bool:
        """Whether the service waits for an answer still."""
        return bool(self._transport.disconnecting or self._transport.disconnected)


def price(service: ReloadedService) -> str:
    """Of a euro, as far as the source has said it."""
    _, _, body = service.ask("GET /api/rates/EUR/USD")
    found = json.loads(body)
    return str(found["price"]) if found["source"] == "json" else ""


def with_json(**more: str) -> Mapping[str, str]:
    return {**JSON, **more}


@shows("rates.sources", "rates.json_url")
def test_a_source_that_is_new_is_asked_at_once_and_another_address_as_well(service: ReloadedService) -> None:
    assert service.reactor.tcpClients == []
    service.reload(rates=JSON)
    first = Asked(service, 7001)
    service.reload(rates=with_json(json_url="http://127.0.0.1:7002/b?base={base}"))

    assert first.request.startswith("GET /a HTTP/1.1\r\n")
    assert Asked(service, 7002).request.startswith("GET /b?base=EUR HTTP/1.1\r\n")


@shows("rates.ecb_url", "rates.ecb_90_days_url", "rates.ecb_history_url")
def test_other_addresses_of_the_bank_are_asked(service: ReloadedService) -> None:
    urls = {"ecb_url": 7003, "ecb_90_days_url": 7004, "ecb_history_url": 7005}
    given = {key: f"http://127.0.0.1:{port}/x" for key, port in urls.items()}
    service.reload(rates={"sources": "ecb", **given})
    daily = Asked(service, 7003)
    daily.answer(DAILY)
    few = Asked(service, 7004, 30)
    few.answer(b"no document")
    many = Asked(service, 7005, 30)

    assert [each.request.split()[1] for each in (daily, few, many)] == ["/x"] * 3


@shows("rates.json_preset")
def test_another_service_is_asked_by_its_name(service: ReloadedService) -> None:
    with pytest.raises(MixError, match="give json_url or json_preset"):
        service.reload(rates={"sources": "json", "json_preset": ""})
    service.reload(rates={"sources": "json", "json_preset": "frankfurter", "json_url": ""})

    def sources() -> list[str]:
        found = json.loads(service.ask("GET /api/rates/sources")[2])
        return [each["name"] for each in found["sources"]]

    assert sources() == ["json"]


@shows("rates.json_headers", "rates.json_key_env", "rates.json_base")
def test_headers_a_key_and_a_base_are_sent(service: ReloadedService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "RELOADED_KEY", "s3cret")
    headers = {"json_headers": "X-Key: {key}", "json_key_env": "RELOADED_KEY", "json_base": "CHF"}
    service.reload(rates=with_json(json_url="http://127.0.0.1:7006/{base}", **headers))

    request = Asked(service, 7006).request
    assert request.startswith("GET /CHF HTTP/1.1\r\n")
    assert "X-Key: s3cret\r\n" in request


@shows("rates.json_date", "rates.json_rates", "rates.json_code", "rates.json_amount", "rates.json_inverse")
@shows("rates.json_base_field")
def test_an_answer_of_another_form_is_understood(service: ReloadedService) -> None:
    forms = {"json_date": "day", "json_rates": "list.*.price", "json_code": "list.*.c", "json_amount": "list.*.n"}
    service.reload(rates=with_json(**forms, json_inverse="yes", json_base_field="of"))
    entries = [{"c": "USD", "price": 8, "n": 10}, {"c": "GBP", "price": 8, "n": 4}]
    Asked(service, 7001).answer(json.dumps({"of": "EUR", "day": DAY, "list": entries}).encode())

    service.until(lambda: price(service) == "1.25")


@shows("rates.interval", "rates.timeout")
def test_sources_are_asked_more_often_and_waited_for_less_long(service: ReloadedService) -> None:
    service.reload(rates=with_json(json_url="http://127.0.0.1:7007/", interval="3600", timeout="600"))
    first = Asked(service, 7007)
    service.reactor.advance(60)
    waits = not first.is_given_up()
    service.reload(rates=with_json(json_url="http://127.0.0.1:7008/", interval="5", timeout="3"))
    second = Asked(service, 7008)
    service.reactor.pump([1.0] * 4)

    assert waits
    assert second.is_given_up()
    # Half a minute later it is asked again, not an hour.
    assert Asked(service, 7008, 30).request


# Webhooks


@shows("webhooks.outgoing", "webhooks.secrets_file", "webhooks.timeout")
def test_a_webhook_is_told_elsewhere_with_other_secrets_and_goes_on_where_it_was(service: ReloadedService) -> None:
    add_secret(str(service.folder / "first"), "crm")
    webhooks = {"outgoing": "crm http://127.0.0.1:7101/in", "secrets_file": "first", "timeout": "300"}
    service.reload(webhooks=webhooks)
    service.reactor.pump([1.0] * 3)
    say(service, "one")
    first = Asked(service, 7101, 30)
    service.reactor.advance(60)
    waits = not first.is_given_up()

    add_secret(str(service.folder / "second"), "crm")
    line = service.reload(
        webhooks={"outgoing": "crm http://127.0.0.1:7102/in", "secrets_file": "second", "timeout": "3"}
    )
    second = Asked(service, 7102, 30)
    service.reactor.pump([1.0] * 4)

    assert "[webhooks] outgoing" in line
    assert waits
    assert field(first.request, "webhook-id") == field(second.request, "webhook-id")
    assert field(first.request, "webhook-signature") != field(second.request, "webhook-signature")
    assert second.is_given_up()


def test_other_secrets_in_the_same_file_are_used_and_told_by_the_name_of_the_webhook(
    service: ReloadedService,
) -> None:
    path = service.folder / "kept"
    add_secret(str(path), "log")
    webhooks = {"outgoing": "log http://127.0.0.1:7103/in", "secrets_file": "kept"}
    service.reload(webhooks=webhooks)
    secret = path.read_text().split()[1]
    path.unlink()
    add_secret(str(path), "log")

    line = service.reload(webhooks=webhooks)

    assert line == "changed: the secrets of the webhook log"
    assert secret not in line


def say(service: ReloadedService, text: str) -> None:
    visitor = service.visit()
    visitor.say("join", room="lobby")
    visitor.said("lobby", text)


def field(request: str, name: str) -> str:
    """The value of a header field."""
    return next(line for line in request.split("\r\n") if line.lower().startswith(f"{name}:"))
