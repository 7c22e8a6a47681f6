"""A view in another server that holds its client: the redirect, and the ticket in it."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mixsvc.common.positions import Position, name_position, read_position
from mixsvc.holds.elsewhere import LOGIN_SECONDS, ClientRedirect
from mixsvc.holds.standing import NO_EPOCH, standing
from mixsvc.holds.tickets import TICKET_SECONDS, BadTicket, HoldTickets
from mixsvc.http.head import MAX_LINE
from mixsvc.interfaces import Authenticator, Identity
from mixsvc.interfaces.holds import TOPICS, Hold

HOLD = Hold(TOPICS, ("order-42",), person="ada", first="<p>")


class Now:
    """The time of day."""

    at = 1_000_000.0

    def __call__(self) -> float:
        return self.at


def answered(
    environ: dict[str, str] | None = None, hold: Hold = HOLD, authenticate: Authenticator = lambda environ: None
) -> tuple[str, dict[str, str], bytes]:
    redirect = ClientRedirect(HoldTickets(b"key", Now()), lambda environ: "http://shop.example:8081/chat", authenticate)
    status, fields, body = redirect({"REQUEST_METHOD": "GET", **(environ or {})}, hold)
    return status, dict(fields), body


def test_get_is_sent_to_the_port_of_the_service_with_a_ticket() -> None:
    status, fields, body = answered()

    assert (status, body) == ("307 Temporary Redirect", b"")
    assert fields["Cache-Control"] == "no-store"
    before, _, ticket = fields["Location"].rpartition("/")
    assert before == "http://shop.example:8081/chat/hold"
    assert HoldTickets(b"key", Now()).read(ticket) == HOLD


def test_the_ticket_says_who_is_held_as_the_client_sends_no_cookie_there() -> None:
    def ticket(hold: Hold, identity: Identity | None) -> Hold:
        def authenticate(environ: Mapping[str, Any]) -> Identity | None:
            assert environ["HTTP_COOKIE"] == "session=s"
            return identity

        _, fields, _ = answered({"HTTP_COOKIE": "session=s"}, hold, authenticate)
        return HoldTickets(b"key", Now()).read(fields["Location"].rpartition("/")[2])

    nobody = replace(HOLD, person=None)
    ending = Identity("bob", ended=lambda: False)
    assert ticket(nobody, None) == nobody
    assert ticket(nobody, Identity("bob")) == replace(HOLD, person="bob")
    # The view says it, and the authenticator is not asked.
    assert ticket(HOLD, Identity("bob")) == HOLD
    # A login that may end: the view is asked again.
    asked = [ticket(replace(nobody, again_after=each), ending).again_after for each in (None, 10.0, 100.0)]
    assert asked == [LOGIN_SECONDS, 10.0, LOGIN_SECONDS]


def test_an_authenticator_that_fails_gets_nobody_a_ticket() -> None:
    def broken(environ: Mapping[str, Any]) -> Identity | None:
        raise ZeroDivisionError

    status, fields, _ = answered({}, replace(HOLD, person=None), broken)

    assert (status, "Location" in fields) == ("500 Internal Server Error", False)


def test_the_place_of_the_client_goes_along() -> None:
    def since(**environ: str) -> Any:
        return parse_qs(urlsplit(answered(environ)[1]["Location"]).query).get("since")

    assert since() is None
    assert since(QUERY_STRING="since=3@e") == ["order-42=3@e"]
    assert since(QUERY_STRING="since=3@e", HTTP_LAST_EVENT_ID="7") == ["order-42=7@e"]


def test_who_knows_one_of_several_topics_is_understood_at_the_port() -> None:
    both = replace(HOLD, names=("a", "b"))

    _, fields, _ = answered({"QUERY_STRING": "since=a%3D12"}, both)

    (since,) = parse_qs(urlsplit(fields["Location"]).query)["since"]
    assert read_position(since, both.names) == Position({"a": 12})


def test_what_a_hold_has_first_goes_along_for_a_client_that_has_not_said_where_it_stands() -> None:
    hold = replace(HOLD, since="3@e")

    location = answered({}, hold)[1]["Location"]

    assert "?" not in location
    assert HoldTickets(b"key", Now()).read(location.rpartition("/")[2]) == hold


@pytest.mark.parametrize(("seen", "since"), [("a=1", "a=1,b=2@e"), ("a=1,c=5", "a=1,b=2@e"), ("c=5", "a=0,b=2@e")])
def test_who_has_said_only_a_part_of_where_it_stands_is_told_at_the_port(seen: str, since: str) -> None:
    """The view may say another place for the rest when the client comes back."""
    location = answered({"HTTP_LAST_EVENT_ID": seen}, replace(HOLD, names=("a", "b"), since="a=0,b=2@e"))[1]["Location"]

    assert "?" not in location
    hold = HoldTickets(b"key", Now()).read(location.rpartition("/")[2])
    assert (hold.since, hold.first) == (since, None)


def test_who_knows_other_topics_only_gets_no_first_data() -> None:
    location = answered({"HTTP_LAST_EVENT_ID": "x=1"})[1]["Location"]

    assert HoldTickets(b"key", Now()).read(location.rpartition("/")[2]) == replace(HOLD, first=None)


def test_who_followed_another_topic_alone_before_is_told_that_this_is_another_history() -> None:
    both = replace(HOLD, names=("a", "b"))

    assert standing(both, "a=1,b=2@e", "13").since == Position({"a": 0, "b": 0}, NO_EPOCH)

    _, fields, _ = answered({"HTTP_LAST_EVENT_ID": "13"}, both)
    (since,) = parse_qs(urlsplit(fields["Location"]).query)["since"]
    assert read_position(since, both.names).epoch == NO_EPOCH


LONG_NAMES = tuple(sha256(b"%d" % number).hexdigest() + "." * 30 for number in range(50))
OTHER_LETTERS = tuple(f"{'пакет' * 6}-{number}" for number in range(50))


@pytest.mark.parametrize("names", [LONG_NAMES, OTHER_LETTERS])
def test_the_place_in_many_topics_fits_into_a_line_that_the_port_takes(names: tuple[str, ...]) -> None:
    seen = Position({name: 10**7 + number for number, name in enumerate(names)}, "e")

    _, fields, _ = answered(
        {"HTTP_LAST_EVENT_ID": "".join(map(chr, name_position(seen).encode()))}, replace(HOLD, names=names)
    )

    url = urlsplit(fields["Location"])
    assert len(f"GET {url.path}?{url.query} HTTP/1.1\r\n") <= MAX_LINE
    hold = HoldTickets(b"key", Now()).read(url.path.rpartition("/")[2])
    assert standing(hold, "".join(parse_qs(url.query).get("since", [])), "").since == seen
    # Which is for those who have seen nothing yet.
    assert hold.first is None


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"HTTP_UPGRADE": "websocket"}, "501"),
        ({"REQUEST_METHOD": "POST"}, "501"),
        ({"QUERY_STRING": "since=x"}, "400"),
        ({"HTTP_LAST_EVENT_ID": "-1"}, "400"),
    ],
)
def test_what_cannot_be_sent_there_is_refused_with_the_reason(environ: dict[str, str], status: str) -> None:
    answer, fields, body = answered(environ)

    assert answer.startswith(status)
    assert "Location" not in fields
    assert len(body) > 20


def test_a_ticket_is_good_for_half_a_minute() -> None:
    now = Now()
    tickets = HoldTickets(b"key", now)
    ticket = tickets.write(HOLD)

    now.at += TICKET_SECONDS
    assert tickets.read(ticket) == HOLD
    now.at += 1
    with pytest.raises(BadTicket, match="too old"):
        tickets.read(ticket)


def test_only_the_key_makes_tickets() -> None:
    tickets = HoldTickets(b"key", Now())
    for ticket in ("", "x", "x.y", HoldTickets(b"another", Now()).write(HOLD), tickets.write(HOLD)[:-1]):
        with pytest.raises(BadTicket):
            tickets.read(ticket)


def test_a_hold_that_does_not_fit_into_a_url_is_an_error() -> None:
    text = b"".join(sha256(b"%d" % number).digest() for number in range(500)).hex()

    with pytest.raises(ValueError, match="too much text"):
        answered(hold=Hold(TOPICS, ("a",), first=text))
