"""Which coding a client gets, and what is compressed when it is asked."""

import gzip

import pytest

from mixsvc.answers.answer import Answer, make_answer
from mixsvc.answers.asked import Asked
from mixsvc.answers.codings import best_coding, coding_of, compressed, for_everybody, in_coding, tag_in

LONG = b"abcdefgh" * 200


def asked(accepted: str) -> Asked:
    return Asked("GET", "", {"accept-encoding": accepted})


def field(answer: Answer, name: bytes) -> list[bytes]:
    return [value for each, value in answer.fields if each == name]


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("br;q=0.5, gzip;q=1.0", "gzip"),
        ("br;q=0, gzip;q=0", ""),
        ("*", "br"),
        ("*, br;q=0", "gzip"),
        ("GZIP", "gzip"),
        ("", ""),
        ("identity", ""),
        ("identity, br;q=0.5", ""),
        ("identity;q=0.5, br;q=0.5", "br"),
        ("deflate;q=nonsense, ,;", ""),
    ],
)
def test_the_smallest_form_that_the_client_likes_best_is_taken(accepted: str, coding: str) -> None:
    assert best_coding(accepted, ("", "br", "gzip")) == coding


def test_a_file_without_compressed_forms_is_sent_as_it_is() -> None:
    assert best_coding("br, gzip", ("",)) == ""


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("gzip", "gzip"), ("br", ""), ("br, gzip;q=0.1", "gzip"), ("gzip;q=0", ""), ("*;q=0.3", "gzip"), ("", "")],
)
def test_what_is_not_a_file_is_compressed_by_gzip_alone(accepted: str, coding: str) -> None:
    assert coding_of(asked(accepted), LONG) == coding


def test_what_is_short_is_not_compressed() -> None:
    assert [coding_of(asked("gzip"), b"x" * size) for size in (1024, 1025)] == ["", "gzip"]


def test_a_coded_answer_says_so_and_has_the_same_bytes_each_time() -> None:
    answer = in_coding(make_answer(200, b"text/plain", LONG, ((b"ETag", b'"x"'),)), "gzip")

    assert gzip.decompress(answer.body) == LONG
    assert answer.body == compressed(LONG)
    assert field(answer, b"Content-Length") == [b"%d" % len(answer.body)]
    assert field(answer, b"Content-Encoding") == [b"gzip"]


def test_an_answer_without_content_has_no_coding() -> None:
    assert coding_of(asked("gzip"), b"") == ""


def test_each_coding_has_a_tag_of_its_own() -> None:
    assert (tag_in(b'"ab"', ""), tag_in(b'"ab"', "gzip")) == (b'"ab"', b'"ab-gzip"')


def test_each_form_says_that_there_are_others() -> None:
    for accepted, coding in (("gzip", [b"gzip"]), ("", [])):
        answer = for_everybody(asked(accepted), make_answer(200, b"text/plain", LONG))
        assert (field(answer, b"Content-Encoding"), field(answer, b"Vary")) == (coding, [b"Accept-Encoding"])
