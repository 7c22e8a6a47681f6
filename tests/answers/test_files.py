"""Files from memory: their forms, tags, ranges, and what a client sends that has one already."""

import gzip
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixsvc.answers.answer import Answer
from mixsvc.answers.asked import Asked
from mixsvc.answers.codings import compressed
from mixsvc.answers.files import FOR_EVER, MemoryFile, file_answer

BODY: Final = bytes(range(256)) * 5
FILE: Final = MemoryFile(
    b"text/plain",
    1_700_000_000.7,
    FOR_EVER,
    {"": BODY, "gzip": compressed(BODY), "br": b"Brotli's bytes"},
)
DATE: Final = "Tue, 14 Nov 2023 22:13:20 GMT"


def get(method: str = "GET", **fields: str) -> Answer:
    return file_answer(Asked(method, "", {name.replace("_", "-"): value for name, value in fields.items()}), FILE)


def field(answer: Answer, name: bytes) -> bytes | None:
    found = [value for each, value in answer.fields if each == name]
    assert len(found) < 2
    return found[0] if found else None


def test_each_form_has_its_own_tag_and_says_how_it_is_coded() -> None:
    answers = {coding: get(accept_encoding=coding) for coding in ("br", "gzip", "")}

    assert gzip.decompress(answers["gzip"].body) == BODY
    assert len({field(each, b"ETag") for each in answers.values()}) == 3
    for coding, answer in answers.items():
        assert field(answer, b"Content-Encoding") == (coding.encode() or None)
        assert field(answer, b"Content-Length") == b"%d" % len(answer.body)
        assert field(answer, b"Vary") == b"Accept-Encoding"
        assert field(answer, b"Last-Modified") == DATE.encode()
        assert field(answer, b"Cache-Control") == FOR_EVER


def test_who_has_the_form_gets_304() -> None:
    tag = (field(get(accept_encoding="gzip"), b"ETag") or b"").decode()

    assert get(accept_encoding="gzip", if_none_match=tag).status == 304
    assert get(accept_encoding="br", if_none_match=tag).status == 200
    assert get(if_modified_since=DATE).status == 304
    assert get(if_modified_since="Tue, 14 Nov 2023 22:13:19 GMT").status == 200
    # A tag decides, if there is one (RFC 9110 section 13.1.3).
    assert get(if_modified_since=DATE, if_none_match='"x"').status == 200


def test_who_wants_the_file_only_as_it_was_gets_412_once_it_has_changed() -> None:
    before = "Tue, 14 Nov 2023 22:13:19 GMT"

    assert get(if_unmodified_since=DATE).status == 200
    assert get(if_unmodified_since=before).status == 412
    assert get(if_unmodified_since=before, if_modified_since=DATE).status == 412
    # What is no date is as if it were not there, and a tag decides (RFC 9110 section 13.1.4).
    assert get(if_unmodified_since="yesterday").status == get(if_unmodified_since=before, if_match="*").status == 200


@pytest.mark.parametrize(
    ("wanted", "start", "stop"),
    [("bytes=0-0", 0, 1), ("bytes=1-9", 1, 10), ("bytes=1270-", 1270, 1280), ("bytes=-5", 1275, 1280)]
    + [("bytes=5-99999", 5, 1280), (" Bytes = 2-3", 2, 4), ("bytes=-1280", 0, 1280), ("bytes=-99999", 0, 1280)],
)
def test_a_range_is_a_part(wanted: str, start: int, stop: int) -> None:
    answer = get(range=wanted)

    assert (answer.status, answer.body) == (206, BODY[start:stop])
    assert field(answer, b"Content-Range") == b"bytes %d-%d/1280" % (start, stop - 1)
    assert field(answer, b"ETag") == field(get(), b"ETag")


def test_a_range_of_a_compressed_form_is_one_of_its_bytes_under_its_tag() -> None:
    whole, part = get(accept_encoding="gzip"), get(accept_encoding="gzip", range="bytes=3-8")

    assert (part.status, part.body) == (206, whole.body[3:9])
    for name in (b"ETag", b"Content-Encoding"):
        assert field(part, name) == field(whole, name)


def test_what_is_behind_the_end_is_416_with_the_length() -> None:
    answer = get(range="bytes=1280-")

    assert (answer.status, field(answer, b"Content-Range")) == (416, b"bytes */1280")


@pytest.mark.parametrize("wanted", ["bytes=0-0,2-3", "lines=0-1", "bytes=x", "bytes=5-2", "bytes", "", "none="])
def test_several_ranges_other_units_and_what_is_no_range_are_ignored(wanted: str) -> None:
    assert (get(range=wanted).status, get(range=wanted).body) == (200, BODY)


def test_a_range_is_for_get_alone() -> None:
    assert get("HEAD", range="bytes=0-0").status == 200


def test_a_range_of_an_older_file_is_not_sent() -> None:
    tag = (field(get(), b"ETag") or b"").decode()

    for condition, status in ((tag, 206), (DATE, 206), ('"x"', 200), (f"W/{tag}", 200)):
        assert get(range="bytes=0-1", if_range=condition).status == status
    assert get(range="bytes=0-1", if_range="Tue, 14 Nov 2023 22:13:21 GMT").status == 200


@given(st.text(st.sampled_from("bytes=0123456789-, xB\t"), max_size=20))
def test_whatever_range_is_asked_for_the_bytes_are_those_that_it_names(wanted: str) -> None:
    answer = get(range=wanted)

    assert answer.status in (200, 206, 416)
    if answer.status == 206:
        named = (field(answer, b"Content-Range") or b"").decode().removeprefix("bytes ").partition("/")[0]
        start, end = map(int, named.split("-"))
        assert answer.body == BODY[start : end + 1]
