"""What holds for the rates and the rooms over HTTP, whoever answers: the reactor, or a Flask view in any host."""

import gzip
import json
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from mixsvc.config.network import proxies
from mixsvc.config.settings import ChatSettings, ServerSettings, Settings, WebSettings
from mixsvc.direct.pages import LONGEST_ACCEPT, THREADS_AT_ONCE
from mixsvc.pages.app import create_app
from mixsvc.rates.facade import RatesFacade
from mixsvc.scripts.page_files import STATIC, PageFiles
from tests.answers.test_rate_query import KNOWN
from tests.direct.two_ways import Service
from tests.pages.fakes import FakeChat, FakeMix

FRIEND: Final = "https://friend.example"
PATHS: Final = (
    "/api/rates",
    "/api/rates?base=usd",
    "/api/rates/EUR/USD",
    "/api/rates/eur/usd?date=2026-10-29",
    "/api/rates/EUR/USD/history?from=2026-10-29",
    "/api/rates/sources",
    "/api/convert?amount=100&from=EUR&to=USD",
    "/api/rooms",
)
REFUSED: Final = {
    "/api/rates/EUR/USX": 404,
    "/api/rates/EUR/%00": 404,
    "/api/rates/EUR/%ff": 404,
    "/api/rates/EUR/USD?day=1": 400,
    "/api/rates/EUR/USD?date=2026-13-01": 400,
    "/api/rates/EUR/USD?date=2026-10-29&date=2026-10-29": 400,
    "/api/rates/EUR/USD/history?points=3": 400,
    "/api/rates/EUR/USD?date=1998-01-01": 400,
    "/api/rates/USD/USX/history": 404,
    "/api/convert": 400,
    "/api/rates/": 404,
    "/api/rates/EUR": 404,
    "/api/rates/EUR%2FUSD": 200,
    "/api//rates": 308,
    "/api/rooms/": 404,
    "/api": 404,
}


def make(is_direct: bool, origins: tuple[str, ...] = (), guests: bool = True, rates: Any = KNOWN) -> Service:
    mix = FakeMix(rates, FakeChat())
    chosen = Settings(chat=ChatSettings(origins=origins, guests=guests))
    return Service(create_app(mix, chosen), mix, chosen, is_direct)


@pytest.fixture(params=["reactor", "Flask"])
def service(request: pytest.FixtureRequest) -> Service:
    return make(request.param == "reactor", (FRIEND,))


@pytest.mark.parametrize("path", PATHS)
def test_head_has_the_fields_of_get_and_no_body(service: Service, path: str) -> None:
    whole, head = service.ask(path), service.ask(path, "HEAD")

    assert (whole.status, head.status, head.body) == (200, 200, b"")
    assert head.fields == whole.fields
    assert whole.fields["content-length"] == str(len(whole.body))


@pytest.mark.parametrize("path", [path for path in PATHS if path != "/api/rooms"])
def test_a_client_that_has_the_answer_gets_304(service: Service, path: str) -> None:
    whole = service.ask(path)
    tag = whole.fields["etag"]
    for known in (tag, f'"x", {tag}', f"W/{tag}", "*"):
        again = service.ask(path, If_None_Match=known)
        assert (again.status, again.body, again.fields["etag"]) == (304, b"", tag)
        assert not {"content-type", "content-length"} & set(again.fields)
        assert again.fields["cache-control"] == whole.fields["cache-control"]
    assert service.ask(path, If_None_Match='"x"').status == 200
    failed = service.ask(path, If_Match='"x"')
    # A cache must not take it for the content, which may be kept for long.
    assert (failed.status, failed.fields["cache-control"]) == (412, "no-cache")


@pytest.mark.parametrize("path", [path for path in PATHS if path != "/api/rooms"])
def test_a_client_that_wants_this_answer_or_any_gets_it_unless_it_has_it(service: Service, path: str) -> None:
    whole = service.ask(path)
    tag = whole.fields["etag"]
    for wanted in ("*", tag, f'"x", {tag}'):
        assert service.ask(path, If_Match=wanted) == whole
        assert service.ask(path, If_Match=wanted, If_None_Match=tag).status == 304
    # It is the first that is looked at (RFC 9110 section 13.2.2), and it takes no weak validator.
    for other in ('"x"', f"W/{tag}"):
        assert service.ask(path, If_Match=other, If_None_Match=tag).status == 412


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_405_and_say_which_there_are(service: Service, path: str, method: str) -> None:
    answer = service.ask(path, method, Content_Length="0")

    assert (answer.status, answer.fields["content-type"]) == (405, "application/problem+json")
    assert set(answer.fields["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize(("path", "status"), REFUSED.items())
def test_what_is_wrong_is_said(service: Service, path: str, status: int) -> None:
    answer = service.ask(path)

    assert answer.status == status
    if status in (400, 404):
        assert answer.fields["content-type"] == "application/problem+json"
        assert json.loads(answer.body)["status"] == status


@pytest.mark.parametrize("path", PATHS)
def test_pages_of_listed_sites_may_read_with_cookies_and_others_may_not(service: Service, path: str) -> None:
    theirs, strange = service.ask(path, Origin=FRIEND), service.ask(path, Origin="https://evil.example")

    assert theirs.fields["access-control-allow-origin"] == FRIEND
    assert theirs.fields["access-control-allow-credentials"] == "true"
    assert "Origin" in theirs.fields["vary"] and "Origin" in strange.fields["vary"]
    assert "access-control-allow-origin" not in strange.fields


def test_a_preflight_is_answered(service: Service) -> None:
    answer = service.ask("/api/rates", "OPTIONS", Origin=FRIEND, Access_Control_Request_Method="GET")

    assert (answer.status, answer.fields["access-control-allow-origin"]) == (204, FRIEND)


@pytest.mark.parametrize("path", PATHS[:5])
def test_the_client_chooses_the_form(service: Service, path: str) -> None:
    kinds = {accept: service.ask(path, Accept=accept).fields["content-type"] for accept in ("text/plain", "text/csv")}

    assert kinds == {"text/plain": "text/plain; charset=utf-8", "text/csv": "text/csv; charset=utf-8"}
    assert service.ask(path).fields["content-type"] == "application/json"
    assert "Accept" in service.ask(path).fields["vary"]


def test_each_response_is_logged_with_its_bytes(service: Service) -> None:
    whole = service.ask("/api/rates")
    service.ask("/api/rates", "HEAD")
    service.ask("/api/rates", If_None_Match=whole.fields["etag"])

    assert service.logged == [(200, len(whole.body)), (200, 0), (304, 0)]


def test_a_chat_that_is_not_open_to_guests_lists_its_rooms_to_nobody_else() -> None:
    for is_direct in (True, False):
        assert make(is_direct, guests=False).ask("/api/rooms").status == 401


def test_private_rooms_are_shown_to_those_who_may_join_only() -> None:
    for is_direct in (True, False):
        chat = FakeChat()
        chat.asks_permission = True
        chat.refused = {(None, "join", "attic")}
        mix = FakeMix(KNOWN, chat)
        service = Service(create_app(mix), mix, is_direct=is_direct)

        assert b"attic" not in service.ask("/api/rooms").body
        chat.refused.clear()
        assert b"attic" in service.ask("/api/rooms").body


def test_behind_a_trusted_proxy_the_policy_names_the_host_and_the_scheme_of_the_client() -> None:
    for is_direct in (True, False):
        mix = FakeMix(KNOWN, FakeChat())
        chosen = Settings(server=ServerSettings(trusted_proxies=proxies("192.168.1.1")))
        service = Service(create_app(mix), mix, chosen, is_direct)

        answer = service.ask("/api/rates", X_Forwarded_Host="shop.example", X_Forwarded_Proto="https")

        assert "connect-src 'self' wss://shop.example;" in answer.fields["content-security-policy"]


def test_a_host_that_is_not_ours_is_refused() -> None:
    for is_direct in (True, False):
        mix = FakeMix(KNOWN, FakeChat())
        service = Service(create_app(mix), mix, Settings(server=ServerSettings(hosts=("shop.example",))), is_direct)

        assert service.ask("/api/rates").status == 421
        assert service.ask("/api/rates", Host="shop.example").status == 200


FILES: Final = PageFiles(STATIC)
VERSION: Final = f"/static/v-{FILES.version}"


@pytest.mark.parametrize("path", [f"{VERSION}/main.js", f"{VERSION}/client/client.js", f"{VERSION}/style.css"])
def test_files_of_the_pages_are_sent_from_memory_compressed_and_cached_for_ever(service: Service, path: str) -> None:
    plain, coded = service.ask(path), service.ask(path, Accept_Encoding="gzip, br;q=0")
    name = path.removeprefix(f"{VERSION}/")

    assert plain.body == (STATIC / name).read_bytes() == gzip.decompress(coded.body)
    assert (coded.fields["content-encoding"], coded.fields["vary"]) == ("gzip", "Accept-Encoding")
    assert plain.fields["cache-control"] == "public, max-age=31536000, immutable"
    assert service.ask(path, If_None_Match=plain.fields["etag"]).status == 304
    assert service.ask(path, If_Modified_Since=plain.fields["last-modified"]).status == 304
    assert service.ask(path, Range="bytes=1-3").body == plain.body[1:4]
    assert service.ask(path, "HEAD").fields == plain.fields
    assert service.ask(path, "DELETE").status == 405


def test_files_need_no_view_either_but_for_those_that_are_read_anew_each_time() -> None:
    service = make(True)

    assert service.ask(f"{VERSION}/main.js").status == 200
    assert service.views.calls == 0
    assert service.ask("/static/main.js").fields["cache-control"] == "no-cache"
    assert service.ask("/static/v-0/main.js").fields["cache-control"] == "no-cache"
    assert service.ask(f"{VERSION}/nothing.js").status == 404
    assert service.views.calls == 3


@pytest.mark.parametrize("path", PATHS)
def test_the_reactor_needs_no_view(path: str) -> None:
    service = make(True)

    for method in ("GET", "HEAD"):
        assert service.ask(path, method).status == 200
    assert service.views.calls == 0


def test_a_page_below_another_path_is_answered_there_and_nothing_of_ours_is_elsewhere() -> None:
    mix = FakeMix(KNOWN, FakeChat())
    chosen = Settings(web=WebSettings(wsgi="theirs:app", pages="/mixsvc"))

    service = Service(create_app(mix), mix, chosen)

    assert service.ask("/mixsvc/api/rates").status == 200
    assert service.views.calls == 0
    service.ask("/api/rates")
    assert service.views.calls == 1


def test_an_application_of_its_own_answers_all_of_its_paths() -> None:
    mix = FakeMix(KNOWN, FakeChat())

    service = Service(create_app(mix), mix, Settings(web=WebSettings(wsgi="theirs:app")))

    service.ask("/api/rates")
    assert service.views.calls == 1


def test_an_answer_is_kept_until_something_changes_and_only_for_those_who_ask_the_same() -> None:
    asked: list[tuple[str, str]] = []

    class Counted(RatesFacade):
        def latest(self, base: str, quote: str) -> Any:
            asked.append((base, quote))
            return KNOWN.latest(base, quote)

    counted = Counted.__new__(Counted)
    counted.__dict__.update(KNOWN.__dict__)
    service = make(True, rates=counted)
    service.version = 1
    first = service.ask("/api/rates/EUR/USD")
    calls = len(asked)
    assert service.ask("/api/rates/EUR/USD") == first
    assert len(asked) == calls
    assert service.ask("/api/rates/EUR/USD", Accept="text/plain").body != first.body
    assert service.ask("/api/rates/EUR/GBP").body != first.body
    calls = len(asked)
    service.version = 2
    assert service.ask("/api/rates/EUR/USD") == first
    assert len(asked) > calls


@pytest.mark.parametrize("path", ["/api/rates", "/api/rates/EUR/USD/history"])
def test_whoever_names_more_media_types_than_can_be_weighed_in_a_moment_is_answered_by_the_view(path: str) -> None:
    service = make(True)
    for length, calls in ((LONGEST_ACCEPT, 0), (LONGEST_ACCEPT + 1, 1)):
        accept = "text/csv" + "," * (length - 8)
        answer = service.ask(path, Accept=accept)
        assert (answer.status, answer.fields["content-type"]) == (200, "text/csv; charset=utf-8")
        assert service.views.calls == calls
        assert answer == make(False).ask(path, Accept=accept)


def test_a_history_is_written_once_in_a_thread_and_then_sent_by_the_reactor() -> None:
    service = make(True)
    path = "/api/rates/EUR/USD/history?from=1999-01-04"

    first, again = service.ask(path), service.ask(path)

    assert first == again
    assert service.in_thread == 1
    assert service.ask(path, Accept="text/csv").status == 200
    assert service.in_thread == 2


def test_many_histories_leave_threads_to_others_and_nobody_works_for_those_who_have_left() -> None:
    service = make(True)
    service.is_waiting = True
    clients = [service.begin(f"/api/rates/EUR/USD/history?from=1999-01-{day:02}") for day in range(4, 13)]
    assert len(service.waiting) == service.in_thread == THREADS_AT_ONCE
    for left in clients[2:8]:
        left.protocol.connectionLost(Failure(ConnectionDone()))

    while service.waiting:
        service.waiting.pop(0)()

    assert service.in_thread == 3
    answered = [each for each in clients if each.value().startswith(b"HTTP/1.1 200 ")]
    assert answered == [*clients[:2], clients[8]]


def test_histories_are_written_though_a_thousand_clients_have_left_before_their_turn() -> None:
    service = make(True)
    service.is_waiting = True
    path = "/api/rates/EUR/USD/history?points="
    clients = [service.begin(f"{path}{points}") for points in range(4, 1004)]
    for left in clients[THREADS_AT_ONCE:]:
        left.protocol.connectionLost(Failure(ConnectionDone()))
    while service.waiting:
        service.waiting.pop(0)()

    service.is_waiting = False
    assert service.ask(f"{path}1004").status == 200


SEGMENTS: Final = st.sampled_from(
    ["api", "rates", "rooms", "convert", "sources", "history", "EUR", "usd", "USX", "", ".", "..", "%2F", "%2e", "%00"]
    + ["e%C3%BCr", "%ff", "EUR%20", "EUR+", "*", "chart.png", "EUR%2FUSD", "static", "built"]
)
TARGETS: Final = st.one_of(
    st.sampled_from([*PATHS, *REFUSED, f"{VERSION}/main.js", f"{VERSION}/client/client.js", "/static/main.js"]),
    st.lists(SEGMENTS, max_size=5).map(lambda each: "/" + "/".join(each)),
    st.lists(SEGMENTS, max_size=3).map(lambda each: "/api/rates/" + "/".join(each)),
)
QUERIES: Final = st.lists(
    st.tuples(
        st.sampled_from(["date", "from", "to", "points", "base", "amount", "x", "", "d%61te", "%ff"]),
        st.sampled_from(["", "2026-10-29", "2026-10-30", "EUR", "usd", "100", "1.5", "4", "%20", "%ff", "1e3", "+1"]),
    ),
    max_size=4,
).map(lambda pairs: "&".join(f"{name}={value}" for name, value in pairs))
ACCEPTS: Final = st.sampled_from(
    ["*/*", "text/csv", "text/plain", "application/json;q=0.1, text/*", "text/csv;q=0, */*", "nonsense", "", "a/b;q=x"]
)
FIELDS: Final = st.fixed_dictionaries(
    {},
    optional={
        "Accept": ACCEPTS,
        "Accept_Encoding": st.sampled_from(["gzip", "br;q=0.5, gzip", "identity", "*;q=0"]),
        "If_None_Match": st.sampled_from(['"x"', "*", "W/*", "nonsense", ""]),
        "If_Match": st.sampled_from(['"x"', "*", ""]),
        "Origin": st.sampled_from([FRIEND, "https://evil.example", "null", ""]),
        "Range": st.sampled_from(["bytes=0-1", "bytes=-3", "bytes=99999999-", "bytes=0-1,3-4", "x"]),
        "If_Modified_Since": st.sampled_from(["Tue, 14 Nov 2023 22:13:20 GMT", "Fri, 31 Dec 2100 00:00:00 GMT", "x"]),
        "Host": st.sampled_from(["localhost", "shop.example:8080", "[::1]"]),
        "X_Forwarded_Proto": st.just("https"),
        "Cookie": st.just("mixsvc_session=x"),
    },
)
METHODS: Final = st.sampled_from(["GET", "GET", "GET", "HEAD", "OPTIONS", "DELETE", "BREW"])

BOTH: Final = (make(True, (FRIEND,)), make(False, (FRIEND,)))
OPEN: Final = (make(True, ("*",)), make(False, ("*",)))


@given(st.sampled_from([BOTH, OPEN]), TARGETS, QUERIES, METHODS, FIELDS)
@settings(max_examples=200)
def test_both_ways_send_the_same(
    services: tuple[Service, Service], target: str, query: str, method: str, fields: dict[str, str]
) -> None:
    joined = f"{target}{'&' if '?' in target else '?'}{query}" if query else target
    direct, by_view = (each.ask(joined, method, **fields) for each in services)

    assert direct == by_view


class FaultyRates(RatesFacade):
    """Fails as no request makes it fail."""

    def __init__(self) -> None:
        """It needs nothing."""

    def __getattribute__(self, name: str) -> Any:
        raise ZeroDivisionError(name)


def test_what_fails_in_the_reactor_is_answered_by_the_view_and_not_by_a_dropped_connection() -> None:
    direct, alone = make(True, rates=FaultyRates()), make(False, rates=FaultyRates())

    answer = direct.ask("/api/rates/EUR/USD")

    assert (answer.status, direct.views.calls) == (500, 1)
    assert answer == alone.ask("/api/rates/EUR/USD")
