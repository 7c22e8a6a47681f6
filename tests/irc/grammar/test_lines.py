import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixsvc.irc.grammar.lines import BadLine, IrcLine, as_bytes, as_word, parse_line


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"PING", IrcLine("PING")),
        (b"privmsg #a :two words", IrcLine("PRIVMSG", ("#a", "two words"))),
        (b":somebody JOIN #a", IrcLine("JOIN", ("#a",))),
        (b"  USER  u  0 * :R N ", IrcLine("USER", ("u", "0", "*", "R N "))),
        (b"TOPIC #a :", IrcLine("TOPIC", ("#a", ""))),
        (b"PRIVMSG #a ::)", IrcLine("PRIVMSG", ("#a", ":)"))),
        (b"@a=1;+b=x\\:\\s\\\\y;c PING x", IrcLine("PING", ("x",), {"a": "1", "+b": "x; \\y", "c": ""})),
        ("NICK Jürgen".encode(), IrcLine("NICK", ("Jürgen",))),
    ],
)
def test_a_line_has_a_command_and_parameters(data: bytes, line: IrcLine) -> None:
    assert parse_line(data) == line


@pytest.mark.parametrize("data", [b"", b"   ", b":source", b"@tag"])
def test_a_line_without_a_command_is_nothing(data: bytes) -> None:
    assert parse_line(data) is None


def test_the_fifteenth_parameter_has_the_rest() -> None:
    line = parse_line(b"X " + b" ".join(b"%d" % each for each in range(1, 18)))
    assert line is not None and len(line.parameters) == 15 and line.parameters[14] == "15 16 17"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"PRIVMSG #a :\xff", "INVALID_UTF8"),
        (b"PRIVMSG #a :\xed\xa0\x80", "INVALID_UTF8"),
        (b"PRIVMSG #a :x\0y", "INVALID_MESSAGE"),
        (b"PRIVMSG #a :x\ry", "INVALID_MESSAGE"),
        (b"\x16\x03\x01", "INVALID_MESSAGE"),
        (b"GET/ HTTP", "INVALID_MESSAGE"),
    ],
)
def test_what_is_no_line_is_refused_with_a_code(data: bytes, code: str) -> None:
    with pytest.raises(BadLine) as found:
        parse_line(data)
    assert found.value.code == code


@given(st.binary(max_size=600))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    try:
        parse_line(data)
    except BadLine as bad:
        assert bad.code and str(bad)


@given(st.lists(st.text(min_size=1, max_size=9).filter(lambda x: " " not in x and x[0] != ":"), max_size=5), st.text())
def test_what_is_written_is_one_line_and_reads_the_same(words: list[str], text: str) -> None:
    data = as_bytes("irc.example", "PRIVMSG", (*words, text))
    assert data.endswith(b"\r\n") and data.count(b"\r") == data.count(b"\n") == 1 and b"\0" not in data
    if not set("\0\r\n") & set("".join([*words, text])) and not any(0xD800 <= ord(each) < 0xE000 for each in text):
        line = parse_line(data[:-2])
        assert line is not None and line.parameters == (*words, text)


def test_tags_come_first_and_are_escaped() -> None:
    assert as_bytes("a", "X", ("y",), {"t": "a; b\\\r\n", "e": ""}) == b"@t=a\\:\\sb\\\\\\r\\n;e :a X y\r\n"


@pytest.mark.parametrize("tags", [{}, {"time": "2026-11-22T15:43:00.000Z"}])
def test_what_is_too_long_is_cut_between_characters(tags: dict[str, str]) -> None:
    line = as_bytes("a", "TOPIC", ("#lobby", "x" + "\U0001f600" * 200), tags)
    without_tags = line[line.index(b":a TOPIC") :]
    assert 508 < len(without_tags) <= 512 and without_tags.endswith("\U0001f600\r\n".encode())


@pytest.mark.parametrize(("sent", "word"), [("Ann", "Ann"), ("", "*"), (":", "*"), ("a b", "a_b"), ("::1", "1")])
def test_what_a_client_has_sent_is_one_word_before_a_text(sent: str, word: str) -> None:
    assert as_word(sent) == word
