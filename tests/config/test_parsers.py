"""Parsers of settings: what each accepts, and its message about the rest."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixsvc.config import parsers

GOOD: list[tuple[Callable[[str], object], str, object]] = [
    (parsers.whole(1, 10), "1", 1),
    (parsers.whole(1, 10), "10", 10),
    (parsers.seconds(0.1, 60), "0.1", 0.1),
    (parsers.seconds(0.1, 60), "60", 60.0),
    (parsers.lines, " a \n\n b", ("a", "b")),
    (parsers.address, "::1", "::1"),
    (parsers.address, "::FFFF:192.0.2.7", "192.0.2.7"),
    (parsers.prefix, "/live/chat", "/live/chat"),
    (parsers.origins, "HTTPS://Example.org, *", ("https://example.org", "*")),
    (parsers.room_names, "lobby, café", ("lobby", "café")),
    (parsers.room_names, " lobby,\n  attic\ncellar,", ("lobby", "attic", "cellar")),
    (parsers.moderators, "", ()),
    (parsers.moderators, "Ann: scrypt:x\n Bob ", (parsers.Moderator("Ann", "scrypt:x"), parsers.Moderator("Bob", ""))),
    (parsers.names_of("a", "b"), "b, a", ("b", "a")),
    (parsers.url, "http://127.0.0.1:80/x?y=z", "http://127.0.0.1:80/x?y=z"),
    (parsers.url, "http://[::1]:80/x", "http://[::1]:80/x"),
    (parsers.url, "http://my_service.Example.:80", "http://my_service.Example.:80"),
    (parsers.pairs, "eur/usd,EUR/GBP", (("EUR", "USD"), ("EUR", "GBP"))),
    (parsers.dotted_name, "a.b:c", "a.b:c"),
    (parsers.dotted_name, "a.b.c", "a.b.c"),
    (parsers.dotted_name, "", ""),
    (parsers.path, "/a b/c", "/a b/c"),
    (parsers.one_line, "a b", "a b"),
]

BAD: list[tuple[Callable[[str], object], str]] = [
    (parsers.whole(1, 10), "0"),
    (parsers.whole(1, 10), "11"),
    (parsers.whole(1, 10), "1.0"),
    (parsers.whole(1, 10), ""),
    (parsers.whole(1, 10), "9" * 5000),
    (parsers.whole(1, 10), "٣"),
    (parsers.seconds(0.1, 60), "nan"),
    (parsers.seconds(0.1, 60), "inf"),
    (parsers.seconds(0.1, 60), "1e1"),
    (parsers.seconds(0.1, 60), "0.09"),
    (parsers.seconds(0.1, 60), "60.1"),
    (parsers.seconds(0.1, 60), "-1"),
    (parsers.address, "localhost"),
    (parsers.address, "fe80::1%a b"),
    (parsers.prefix, "/"),
    (parsers.prefix, "/static"),
    (parsers.prefix, "/api/chat"),
    (parsers.prefix, "chat"),
    (parsers.prefix, "/chat/"),
    (parsers.prefix, "/../x"),
    (parsers.origins, "example.org"),
    (parsers.origins, "https://a;b"),
    (parsers.origins, "https://a:123456"),
    (parsers.origins, "https://user@a"),
    (parsers.origins, "https://example.org/path"),
    (parsers.origins, "https://a, https://a"),
    (parsers.room_names, ""),
    (parsers.room_names, "a/b"),
    (parsers.room_names, "x" * 33),
    (parsers.room_names, "lobby, lobby"),
    (parsers.room_names, "Lobby, lobby"),
    (parsers.room_names, "lobby, my room"),
    (parsers.room_names, "_x"),
    (parsers.room_names, "\ufb01n"),
    (parsers.room_names, "a\u200bb"),
    (parsers.names_of("a", "b"), "c"),
    (parsers.names_of("a", "b"), "a, a"),
    (parsers.names_of("a", "b"), ""),
    (parsers.url, "ftp://x/"),
    (parsers.url, "http:///x"),
    (parsers.url, "http://x:99999/"),
    (parsers.url, "http://name:password@x/"),
    (parsers.url, "http://x/a b"),
    (parsers.url, "http://a..b/"),
    (parsers.url, "http://-a.example/"),
    (parsers.url, "http://a~b/"),
    (parsers.url, f"http://{'a' * 64}/"),
    (parsers.url, "http://[fe80::1%eth0]/"),
    (parsers.url, "https://my_service/"),
    (parsers.pairs, "EURUSD"),
    (parsers.pairs, "\u00dfK/USD"),
    (parsers.pairs, "EUR/usd, eur/USD"),
    (parsers.pairs, "EUR/EUR"),
    (parsers.pairs, ""),
    (parsers.dotted_name, "app"),
    (parsers.dotted_name, "a:b:c"),
    (parsers.path, "a\0b"),
    (parsers.path, "a\nb"),
    (parsers.one_line, "a\nb"),
]


@pytest.mark.parametrize(("parse", "text", "value"), GOOD)
def test_good_texts_become_values(parse: Callable[[str], object], text: str, value: object) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(("parse", "text"), BAD)
def test_bad_texts_are_refused_with_advice(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(ValueError, match="give|name|there are"):
        parse(text)


@pytest.mark.parametrize("parse", list(dict.fromkeys(parse for parse, _ in BAD)))
@given(text=st.text())
def test_whatever_the_text_nothing_else_is_raised(parse: Callable[[str], object], text: str) -> None:
    try:
        parse(text)
    except ValueError as error:
        assert "\n" not in str(error).replace(text, "")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Ann:secret", "give one moderator per line"),
        (":scrypt:x", "give one moderator per line"),
        ("Ann\nANN", "ann is given twice"),
        ("Ann B\nann  b", "ann b is given twice"),
        ("\u1fb7\n\u0391\u0342\u0345", "is given twice"),
        ("A\u200bnn", "U\\+200B cannot be part of a name"),
        ("x" * 33, "1 to 32 characters"),
        ("Ann (hook)", "kept for webhooks"),
    ],
)
def test_a_moderator_whom_the_chat_could_not_know_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parsers.moderators(text)


@pytest.mark.parametrize(
    ("parse", "text", "said"),
    [
        (parsers.room_names, "lobby, my room", "'my room': A room's name has 1 to 32 letters, digits and - _ . and "),
        (parsers.room_names, "lobby, my room", "begins with a letter or a digit; did you mean my-room?"),
        (parsers.room_names, "lobby attic", "did you mean lobby-attic?"),
        (parsers.room_names, "_caf\u0065\u0301/", "did you mean café?"),
        (parsers.room_names, "lobby, Lobby", "'Lobby': There is a room lobby already; the names differ in case or "),
        (parsers.room_names, "lobby, lobby", "lobby is given twice"),
        (
            parsers.names_of("ecb", "json", "archive"),
            "ecb, achive",
            "'achive' is not one of them; did you mean archive?",
        ),
        (parsers.one_of_or_none("combined", "json"), "combine", "leave it empty; did you mean combined?"),
    ],
)
def test_a_text_that_is_nearly_right_is_refused_with_the_right_one(
    parse: Callable[[str], object], text: str, said: str
) -> None:
    with pytest.raises(ValueError) as raised:
        parse(text)

    assert said in str(raised.value)
