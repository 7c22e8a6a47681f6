"""Cells of a row that somebody may have damaged."""

from twisted.logger import capturedLogs, formatEvent

from mixsvc.storage.rows.cells import is_number, is_time, read_name, read_text, report


def test_a_text_is_what_utf_8_says_and_a_sign_stands_for_the_rest() -> None:
    assert [read_text(each) for each in ("ü".encode(), b"a\xff", None, 5)] == ["ü", "a\ufffd", "", ""]


def test_numbers_and_times_are_told_from_what_sqlite_keeps_in_their_place() -> None:
    assert [is_number(each) for each in (7, 1.5, "7", b"7", None)] == [True, False, False, False, False]
    assert [is_time(each) for each in (0.0, 1.7e9, -1.0, 9e99, float("inf"), "now", 5, None)] == [True, True] + [
        False
    ] * 6


def test_a_damaged_row_is_named_once_without_its_texts() -> None:
    with capturedLogs() as events:
        report("message", "a room of these tests", 3)
        report("message", "a room of these tests", 3)
        assert read_name("room", b"x\xff") is None
        assert read_name("room", "ü".encode()) == "ü"

    lines = [formatEvent(each) for each in events]
    assert len(lines) == 2
    assert "the row 'a room of these tests', 3 of the table message is damaged" in lines[0]
    assert "the row 'x\ufffd' of the table room is damaged" in lines[1]
