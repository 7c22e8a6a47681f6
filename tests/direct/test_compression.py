"""Long answers are compressed on request, whoever gives them, and those that not everybody may read are not."""

import gzip
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from zope.interface import implementer

from mixsvc.config.settings import ChatSettings, Settings, WebSettings
from mixsvc.interfaces import Authenticator, ChatMessage, ChatPage, IChat, Identity, IRates, PriceHistory, RoomOverview
from mixsvc.pages.app import create_app
from tests.direct.two_ways import Service
from tests.pages.fakes import MESSAGE, QUOTE, FakeChat, FakeMix, FakeRates

CODES: Final = [f"{first}{second}X" for first in "ABCDE" for second in "ABCD"]
LONG: Final = "/api/rates/EUR/USD/history?from=2006-01-01"
PUBLIC: Final = ("/api/rates", "/api/rates/EUR/USD/history", LONG, "/api/rooms")
OF_THE_CHAT: Final = ("/", "/api/rooms", "/api/rooms/lobby/messages")


@implementer(IRates)
class ManyRates(FakeRates):
    """Twenty pairs, and 20 years of one."""

    def __init__(self) -> None:
        super().__init__(QUOTE, *(replace(QUOTE, quote=code) for code in CODES))

    def span(self, base: str, quote: str) -> tuple[date, date]:
        return date(2006, 1, 1), QUOTE.date

    def history(self, base: str, quote: str, start: date, end: date, points: int) -> PriceHistory:
        days = [start + timedelta(day) for day in range((end - start).days)]
        return PriceHistory(base, quote, [(each, Decimal("1.1")) for each in days], len(days), ["ecb"])

    def version(self) -> Any:
        return 1


@implementer(IChat)
class BigChat(FakeChat):
    """Fifty rooms, and thirty messages."""

    def overview(self) -> Sequence[RoomOverview]:
        return [RoomOverview(f"room {number}", 1, "Plans", 0) for number in range(50)]

    def seen_by(self, person: str | None) -> Sequence[RoomOverview]:
        return self.overview()

    def page(self, room: str, before: int | None, limit: int) -> ChatPage:
        messages: list[ChatMessage] = [replace(MESSAGE, number=number) for number in range(1, 31)]
        return replace(super().page(room, before, limit), messages=messages)


def make(
    is_direct: bool, guests: bool = True, asks: bool = False, authenticator: Authenticator | None = None
) -> Service:
    chat = BigChat()
    chat.asks_permission = asks
    mix = FakeMix(ManyRates(), chat)
    mix.pairs = [("EUR", code) for code in CODES]
    chosen = Settings(chat=ChatSettings(guests=guests, origins=("https://friend.example",)))
    return Service(create_app(mix, chosen, authenticator=authenticator), mix, chosen, is_direct)


BOTH: Final = [make(True), make(False)]


@pytest.mark.parametrize("service", BOTH, ids=["reactor", "Flask"])
@pytest.mark.parametrize("path", [*PUBLIC, *OF_THE_CHAT])
def test_what_everybody_may_read_is_compressed_on_request(service: Service, path: str) -> None:
    plain, coded = service.ask(path), service.ask(path, Accept_Encoding="br, gzip;q=0.5")

    assert gzip.decompress(coded.body) == plain.body
    assert coded.fields["content-encoding"] == "gzip" and "content-encoding" not in plain.fields
    assert len(coded.body) < len(plain.body) / 2
    assert coded.fields["vary"] == plain.fields["vary"] and "Accept-Encoding" in coded.fields["vary"]
    assert service.ask(path, Accept_Encoding="gzip;q=0, *;q=0").fields == plain.fields
    head = service.ask(path, "HEAD", Accept_Encoding="gzip")
    assert (head.fields, head.body) == (coded.fields, b"")


@pytest.mark.parametrize("path", [*PUBLIC, *OF_THE_CHAT])
def test_both_ways_send_the_same_bytes(path: str) -> None:
    direct, by_view = (each.ask(path, Accept_Encoding="gzip") for each in BOTH)

    assert direct == by_view


@pytest.mark.parametrize("service", BOTH, ids=["reactor", "Flask"])
@pytest.mark.parametrize("path", ["/api/rates", LONG])
def test_each_form_has_a_tag_of_its_own_by_which_a_client_gets_304(service: Service, path: str) -> None:
    plain, coded = service.ask(path).fields["etag"], service.ask(path, Accept_Encoding="gzip").fields["etag"]

    assert plain != coded
    again = service.ask(path, Accept_Encoding="gzip", If_None_Match=coded)
    assert (again.status, again.body, again.fields["etag"]) == (304, b"", coded)
    assert "content-encoding" not in again.fields and "Accept-Encoding" in again.fields["vary"]
    assert service.ask(path, Accept_Encoding="gzip", If_None_Match=plain).status == 200
    assert service.ask(path, If_None_Match=plain).status == 304


def test_a_long_history_is_written_and_compressed_in_a_thread_once() -> None:
    service = make(True)

    first, again = (service.ask(LONG, Accept_Encoding="gzip") for _ in range(2))

    assert (first, service.in_thread) == (again, 1)
    assert len(service.ask(LONG).body) > 8 * len(first.body)
    assert service.in_thread == 1


def test_of_a_history_that_is_there_only_the_coding_is_made() -> None:
    service = make(True)
    service.ask(LONG)

    coded = service.ask(LONG, Accept_Encoding="gzip")

    assert (coded.fields["content-encoding"], service.in_thread) == ("gzip", 2)


@pytest.mark.parametrize("is_direct", [True, False])
@pytest.mark.parametrize(("guests", "asks"), [(False, False), (True, True)])
def test_what_only_some_may_read_is_not_compressed(is_direct: bool, guests: bool, asks: bool) -> None:
    service = make(is_direct, guests, asks, lambda environ: Identity("ann", "Ann"))

    for path in OF_THE_CHAT:
        answer = service.ask(path, Accept_Encoding="gzip")
        assert (answer.status, answer.fields.get("content-encoding")) == (200, None)
        assert len(answer.body) > 1024


def test_a_page_for_somebody_who_sees_no_messages_is_compressed() -> None:
    answer = make(True, guests=False).ask("/", Accept_Encoding="gzip")

    assert answer.fields["content-encoding"] == "gzip"
    assert b"anyone here?" not in gzip.decompress(answer.body)


@pytest.mark.parametrize("path", ["/api/rooms/lobby/search?q=here", "/api/session", "/api/rates/EUR/USX", "/nothing"])
def test_what_repeats_a_request_or_tells_a_name_is_not_compressed(path: str) -> None:
    assert "content-encoding" not in make(True).ask(path, Accept_Encoding="gzip").fields


def test_answers_of_an_application_of_its_own_stay_as_they_are() -> None:
    def theirs(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", "4000")])
        return [b"page" * 1000]

    service = Service(theirs, FakeMix(), Settings(web=WebSettings(wsgi="theirs:app")))

    answer = service.ask("/", Accept_Encoding="gzip")
    assert answer.body == b"page" * 1000
    assert not {"content-encoding", "vary"} & set(answer.fields)
