"""Texts of strangers: JSON, lone surrogates, long texts, and words that are nearly a known one. Pure."""

import json
import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, Final, NoReturn, TypeVar, cast

__all__ = [
    "decode_utf8",
    "did_you_mean",
    "is_storable",
    "parse_json",
    "plain",
    "printable",
    "shortened",
    "similar",
    "unknown_option",
    "without_surrogates",
]

T = TypeVar("T")

SURROGATE: Final = re.compile("[\ud800-\udfff]")

# How many characters of a text a message repeats.
SHOWN_CHARACTERS: Final = 20

# Two words are similar from this ratio of difflib's on.
SIMILAR: Final = 0.5


def decode_utf8(data: bytes) -> str:
    """Returns the text of UTF-8 in which surrogates may be encoded as if they were characters, as txsockjs does it.

    Raises UnicodeDecodeError.
    """
    return data.decode("utf-8", "surrogatepass")


def parse_json(text: str) -> Any:
    """Returns the value of a JSON text; unlike json.loads it refuses NaN and Infinity (RFC 8259 section 6).

    Raises json.JSONDecodeError; ValueError for these two and for a number of thousands of digits; RecursionError for
    deeply nested brackets.
    """
    return _JSON.decode(text)


def without_surrogates(text: str) -> str:
    """Returns the text with each pair of surrogates joined to its character, and U+FFFD in place of each lone one.

    JSON can spell them ("\\ud83d\\ude00", RFC 8259 section 8.2), and UTF-8 cannot hold them (RFC 3629 section 3).
    """
    if not SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def plain(value: T) -> T:
    """Returns a text of an application without what its class adds, and any other value as it is.

    A member of class Topic(str, Enum) is equal to its text, but f-strings write it as Topic.ORDERS.
    """
    found: Any = str.__str__(value) if isinstance(value, str) else value
    return cast(T, found)


def is_storable(text: str) -> bool:
    """Whether every database can store the text: not U+0000 (PostgreSQL's manual, 8.3), nor a lone surrogate."""
    return "\0" not in text and not SURROGATE.search(text)


def printable(text: str) -> str:
    """Returns the text with a blank in place of each line end and of whatever else controls a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)


def shortened(text: str) -> str:
    """Returns the text as a message repeats it: the first 20 characters, and … if there are more."""
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"


def similar(word: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Returns the known words that look like this one, the most similar first, at most so many."""
    return get_close_matches(word, list(known), n=most, cutoff=SIMILAR)


def did_you_mean(words: Sequence[str]) -> str:
    """Returns the end of a sentence that offers these words, such as "; did you mean USD or UAH?"; "" for none."""
    return f"; did you mean {' or '.join(words)}?" if words else ""


def unknown_option(word: str, known: Iterable[str]) -> str:
    """Returns the clause about an option of a command line that does not exist; known: such as "--port"."""
    # Without what all of them begin with, which would make any two alike.
    near = similar(word.lstrip("-"), [each[2:] for each in known if each.startswith("--")], 1)
    return f"there is no option {word}{did_you_mean([f'--{each}' for each in near]) or '; --help lists them'}"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


# Made once: json.loads makes a decoder for each call that has such an option.
_JSON: Final = json.JSONDecoder(parse_constant=_refuse_constant)
