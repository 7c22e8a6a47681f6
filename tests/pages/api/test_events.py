"""Rooms and rates as streams: what the views leave to the service, and whom they refuse."""

import time
from collections.abc import Mapping
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from werkzeug.test import TestResponse

from mixsvc.config.settings import ChatSettings, Settings
from mixsvc.errors import NoSuchRoom
from mixsvc.interfaces import ChatPage
from mixsvc.interfaces.holds import HOLDS, RATES, ROOMS, Hold
from mixsvc.pages.app import AppSecrets, create_app
from tests.pages.fakes import FakeChat, FakeMix

# What tells a view that a WebSocket is wanted.
HANDSHAKE = {"Connection": "Upgrade", "Upgrade": "websocket"}


class EventsCase(SynchronousTestCase):
    """With a chat and rates in memory."""

    chat_settings = ChatSettings()

    def setUp(self) -> None:
        self.chat = FakeChat()
        self.client = create_app(FakeMix(chat=self.chat), Settings(chat=self.chat_settings), AppSecrets()).test_client()
        self.holds: list[tuple[str, Hold]] = []

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> TestResponse:
        return self.client.get(path, headers=headers, environ_overrides={HOLDS: self.holds})

    def held(self, path: str) -> Hold:
        response = self.get(path)
        assert (response.status_code, response.data) == (200, b"")
        assert response.headers["Cache-Control"] == "no-store"
        ((_, hold),) = self.holds
        return hold

    def refused(self, path: str, status: int) -> Any:
        response = self.get(path)
        assert (response.status_code, response.content_type) == (status, "application/problem+json")
        assert self.holds == []
        return response.get_json(force=True)["detail"]


class EventsTests(EventsCase):
    def test_a_room_is_held_and_asks_again_after_a_minute(self) -> None:
        hold = self.held("/api/rooms/lobby/events")

        assert (hold.source, hold.names, hold.again_after) == (ROOMS, ("lobby",), 60.0)

    def test_rates_are_held_by_a_websocket_as_well(self) -> None:
        response = self.get("/api/rates/events?pairs=EUR/USD", HANDSHAKE)

        assert (response.status_code, [hold.source for _, hold in self.holds]) == (200, [RATES])

    def test_a_room_is_held_by_a_websocket_as_well(self) -> None:
        response = self.get("/api/rooms/lobby/events", HANDSHAKE)

        assert (response.status_code, [hold.source for _, hold in self.holds]) == (200, [ROOMS])

    def test_a_room_that_does_not_exist_is_refused(self) -> None:
        self.chat.trouble = NoSuchRoom("There is no room 'nowhere'.")

        assert "nowhere" in self.refused("/api/rooms/nowhere/events", 404)
        self.refused(f"/api/rooms/{'x' * 33}/events", 404)

    def test_pairs_are_held_each_once_and_in_any_case(self) -> None:
        hold = self.held("/api/rates/events?pairs=EUR/USD,eur/usd")

        assert (hold.source, hold.names) == (RATES, ("EUR-USD",))

    def test_without_pairs_there_are_those_of_the_settings(self) -> None:
        assert self.held("/api/rates/events").names[0] == "EUR-USD"

    def test_what_are_no_pairs_is_refused(self) -> None:
        assert "EURUSD" in self.refused("/api/rates/events?pairs=EURUSD", 400)
        self.refused("/api/rates/events?pairs=", 400)
        self.refused("/api/rates/events?pair=EUR/USD", 400)
        self.refused("/api/rates/events?pairs=EUR/XXX", 404)
        many = ",".join(f"EUR/{a}{b}Z" for a in "ABCDEFGHIJK" for b in "ABCDEFGHIJK")
        self.refused(f"/api/rates/events?pairs={many}", 400)


class DecisionTests(EventsCase):
    def test_what_changes_while_the_view_decides_counts_as_later(self) -> None:
        read, page = [], self.chat.page

        def slow(room: str, before: int | None, limit: int) -> ChatPage:
            read.append(time.time())
            return page(room, before, limit)

        self.chat.page = slow  # type: ignore[method-assign]
        assert self.held("/api/rooms/lobby/events").decided < read[0]


class ClosedChatTests(EventsTests):
    """A chat that is not open to guests."""

    chat_settings = ChatSettings(guests=False)

    def test_a_room_is_held_and_asks_again_after_a_minute(self) -> None:
        self.refused("/api/rooms/lobby/events", 401)

    def test_a_room_is_held_by_a_websocket_as_well(self) -> None:
        assert self.get("/api/rooms/lobby/events", HANDSHAKE).status_code == 401
        assert self.holds == []

    def test_a_room_that_does_not_exist_is_refused(self) -> None:
        self.refused("/api/rooms/nowhere/events", 401)
