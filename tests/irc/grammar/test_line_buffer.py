from hypothesis import given
from hypothesis import strategies as st

from mixsvc.irc.grammar.line_buffer import LineBuffer, TooLong


def _all(buffer: LineBuffer) -> list[bytes | TooLong]:
    found = []
    while (each := buffer.take()) is not None:
        found.append(each)
    return found


def _fed(*chunks: bytes) -> list[bytes | TooLong]:
    buffer = LineBuffer()
    found = []
    for each in chunks:
        buffer.feed(each)
        found += _all(buffer)
    return found


def test_lines_end_with_lf_or_cr_lf() -> None:
    assert _fed(b"a\r\nb\nc") == [b"a", b"b"]


@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line and not line.endswith(b"\r"))), st.data())
def test_it_does_not_matter_how_lines_are_cut(lines: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(line + b"\r\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=5)))
    assert _fed(*(whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True))) == lines


def test_a_line_has_at_most_512_bytes_with_its_end() -> None:
    assert _fed(b"x" * 510 + b"\r\n") == [b"x" * 510]
    assert _fed(b"x" * 511 + b"\r\n") == [TooLong.LINE]


def test_tags_have_room_of_their_own() -> None:
    tags = b"@" + b"t" * 4094 + b" "
    assert _fed(tags + b"x" * 510 + b"\r\n") == [tags + b"x" * 510]
    assert _fed(b"@t" + tags[1:] + b"x\r\n") == [TooLong.LINE]


def test_a_line_without_an_end_is_told_once_and_takes_no_memory() -> None:
    chunks = [b"x" * 65536] * 20
    assert _fed(*chunks, b"tail\r\nnext\r\n") == [TooLong.LINE, b"next"]
