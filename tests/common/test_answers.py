import json
from typing import Any

import pytest

from mixsvc.common.answers import decode, encode_error, encode_value, error_fields
from mixsvc.errors import BadSetting, NameTaken, NoSuchRoom, ServiceBusy


class Silent(Exception):
    def __str__(self) -> str:
        raise ZeroDivisionError


@pytest.mark.parametrize("value", [None, 5, "\ud800 \u00fc", [1, [None]], {"a": True}, b"", b"\0\xff{}"])
def test_a_value_arrives_as_it_was_sent(value: Any) -> None:
    assert decode(encode_value(value)) == value


@pytest.mark.parametrize("error", [NoSuchRoom("no room"), ServiceBusy("\u00fc"), ValueError("bad"), TypeError("x")])
def test_an_error_arrives_with_its_class_and_its_text(error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        decode(encode_error(error))

    assert type(raised.value) is type(error) and str(raised.value) == str(error)


def test_a_taken_name_arrives_with_its_suggestion() -> None:
    with pytest.raises(NameTaken) as raised:
        decode(encode_error(NameTaken("taken", "Ann2")))

    assert (str(raised.value), raised.value.suggestion) == ("taken", "Ann2")


def test_an_error_of_a_derived_class_arrives_as_its_nearest_known_ancestor() -> None:
    found = error_fields(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "odd"))

    assert found is not None and found["error"] == "ValueError"

    assert error_fields(KeyError("x")) == {"error": "LookupError", "text": "'x'"}


def test_an_error_without_a_name_is_a_runtime_error_that_tells_its_class() -> None:
    assert error_fields(BadSetting("x")) is None
    with pytest.raises(RuntimeError, match="^OSError: no disk$"):
        decode(encode_error(OSError("no disk")))
    with pytest.raises(RuntimeError, match="^Silent: $"):
        decode(encode_error(Silent()))


def test_an_error_of_a_newer_version_is_a_runtime_error() -> None:
    with pytest.raises(RuntimeError, match="^new$"):
        decode(json.dumps({"error": "Newer", "text": "new"}).encode())


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError):
        encode_value({1, 2})
