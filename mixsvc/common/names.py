"""Names of people: their one spelling, when two are the same, and which are refused. Pure."""

import re
import unicodedata
from collections.abc import Container
from typing import Final

__all__ = ["INVISIBLE", "LONGEST", "UNPRINTABLE", "BadName", "key", "normalise", "suggest"]

LONGEST: Final = 32

# Characters before normalisation: decomposed letters may take four for one. Sorting a long run of combining marks
# takes quadratic time in NFKC, so this is checked before.
LONGEST_RAW: Final = 4 * LONGEST

# Control, format (bidi, zero width), surrogate, private use, unassigned, line and paragraph separators.
REFUSED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

# What shows nothing although its category is letter, mark or symbol: fillers, joiners, variation selectors, blanks.
INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)

# What has no place in one line of text: control characters, and those that turn its direction.
UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

# Spaces of any width; what they are between is one word and another.
SPACES: Final = re.compile("[ \u1680\u2000-\u200a\u202f\u205f\u3000]+")

MARKS_IN_A_ROW: Final = 2


class BadName(ValueError):
    """A name that is refused; the text is a sentence for the person."""


def normalise(text: str) -> str:
    """The one spelling of a name: NFKC, trimmed, one space between words; a second call changes nothing.

    Raises BadName for what is empty, too long, or cannot be seen or told apart.
    """
    trimmed = text.strip()
    if len(trimmed) > LONGEST_RAW:
        raise _too_long()
    name = SPACES.sub(" ", unicodedata.normalize("NFKC", trimmed)).strip(" ")
    if not name:
        raise BadName(f"A name has 1 to {LONGEST} characters; this one is empty.")
    if len(name) > LONGEST:
        raise _too_long()
    _check_characters(name)
    return name


def key(name: str) -> str:
    """What two normalised names have in common when they differ in case or width only."""
    return unicodedata.normalize("NFKC", name.casefold())


def suggest(name: str, taken: Container[str]) -> str:
    """A free name like a normalised one, such as Ann2. taken: the keys in use.

    Takes logarithmic time in the number of those who took the suggestions before.
    """
    used, free = 1, 2
    while key(_numbered(name, free)) in taken:
        used, free = free, free * 2
    while free - used > 1:
        middle = (used + free) // 2
        if key(_numbered(name, middle)) in taken:
            used = middle
        else:
            free = middle
    return _numbered(name, free)


def _numbered(name: str, number: int) -> str:
    digits = str(number)
    return name[: LONGEST - len(digits)].rstrip(" ") + digits


def _too_long() -> BadName:
    return BadName(f"A name has 1 to {LONGEST} characters; this one is longer.")


def _check_characters(name: str) -> None:
    if unicodedata.category(name[0]).startswith("M"):
        raise BadName("A name cannot begin with an accent.")
    marks = 0
    for character in name:
        category = unicodedata.category(character)
        if category in REFUSED or INVISIBLE.match(character):
            raise BadName(f"The character U+{ord(character):04X} cannot be part of a name: it is not visible.")
        marks = marks + 1 if category.startswith("M") else 0
        if marks > MARKS_IN_A_ROW:
            raise BadName(f"A name has at most {MARKS_IN_A_ROW} accents on one letter.")
