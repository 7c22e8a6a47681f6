"""Names of people and rooms: which are allowed, their one spelling, and when two count as the same. Pure.

Two names count as the same when they are a compatibility caseless match (The Unicode Standard, section 3.13, D146):
they differ in case, width or composition only. So nobody can take a name that is kept for a moderator by spelling it
in another way. Letters of different scripts that look alike remain different names.
"""

import re
import unicodedata
from collections.abc import Container, Sequence
from typing import Final

__all__ = [
    "HOOK_MARK",
    "INVISIBLE",
    "LONGEST",
    "LONGEST_TOPIC",
    "ROOM_NAMES",
    "TOPIC_NAMES",
    "UNPRINTABLE",
    "BadName",
    "continues",
    "fold",
    "fold_text",
    "hook_name",
    "is_hook_name",
    "is_room_name",
    "is_topic_name",
    "key",
    "normalise",
    "person_name",
    "room_exists",
    "similar",
    "similar_room_name",
    "suggest",
]

LONGEST: Final = 32

# Ends the names under which webhooks write, and no name of a person.
HOOK_MARK: Final = " (hook)"

# Of a topic's name: long enough for a word and a UUID.
LONGEST_TOPIC: Final = 100

# How many names `similar` returns.
SIMILAR: Final = 64

# Characters before normalisation: decomposed letters may take four for one. Normalisation sorts a run of combining
# marks in quadratic time, so longer texts are not normalised.
LONGEST_RAW: Final = 4 * LONGEST

# Control, format (bidi, zero width), surrogate, private use, unassigned, line and paragraph separators.
REFUSED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

# Invisible although their category is letter, mark or symbol: fillers, joiners, variation selectors, blanks.
INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)

# Not allowed in one line of text: control characters, and those that change its direction.
UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

# Words, each with the white space behind it, and parts of very long ones: few marks enough to be normalised.
PIECES: Final = re.compile(r"\S{1,512}\s*|\s+")

# Spaces of any width.
SPACES: Final = re.compile("[ \u1680\u2000-\u200a\u202f\u205f\u3000]+")

MARKS_IN_A_ROW: Final = 2

# The rule of is_room_name, for persons.
ROOM_NAMES: Final = f"A room's name has 1 to {LONGEST} letters, digits and - _ . and begins with a letter or a digit."

# The rule of is_topic_name, for persons.
TOPIC_NAMES: Final = (
    f"a topic's name has 1 to {LONGEST_TOPIC} letters, digits and - _ . : and begins with a letter or a digit"
)


class BadName(ValueError):
    """The name is refused. The text is a sentence for the person."""


def normalise(text: str) -> str:
    """Returns the normal spelling of a name: NFKC, trimmed, one space between words. A second call changes nothing.

    Raises BadName if the text is empty or too long, or has characters that cannot be seen or told apart.
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


def person_name(text: str) -> str:
    """Returns the normal spelling of a name that a person may have; see `normalise`. Raises BadName."""
    name = normalise(text)
    if is_hook_name(name):
        raise BadName("This name is kept for webhooks; take one that does not end like theirs.")
    return name


def hook_name(text: str) -> str:
    """Returns the name under which a webhook writes that calls itself so: what can be seen of it, and HOOK_MARK.

    Raises BadName if nothing can be seen.
    """
    seen = INVISIBLE.sub("", "".join(each for each in text[:LONGEST_RAW] if unicodedata.category(each) not in REFUSED))
    name = unicodedata.normalize("NFKC", seen)
    while is_hook_name(name):
        name = name.rstrip()[: -len(HOOK_MARK.strip())]
    return normalise(name.strip()[: LONGEST - len(HOOK_MARK)]) + HOOK_MARK


def continues(character: str) -> bool:
    """Whether a character belongs to the one before it: an accent, a joiner, the skin of an emoji."""
    return unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf") or "\U0001f3fb" <= character <= "\U0001f3ff"


def is_hook_name(name: str) -> bool:
    """Whether a name looks like that of a webhook."""
    return key(name).endswith(HOOK_MARK.strip())


def key(name: str) -> str:
    """Returns the text that stands for a name of a person wherever names are compared or looked up.

    It is the same for all names that differ in case, width, composition or white space only. The name need not be
    normalised: key(text) == key(normalise(text)) for every text that normalise accepts.
    """
    if len(name) > LONGEST_RAW:
        return name
    # Spaces of other widths become plain ones first, and so do letters that decompose into a space and a mark.
    return fold(" ".join(unicodedata.normalize("NFKD", name).split()))


def fold(text: str) -> str:
    """Returns the text that is the same for all texts that differ in case, width or composition only.

    White space counts. A text that is longer than any name stays as it is.
    """
    if len(text) > LONGEST_RAW:
        return text
    if text.isascii():
        # The same result in less time; each message looks its room up.
        return text.lower()
    return _folded(text)


def fold_text(text: str) -> str:
    """Returns the same for a text of any length, without U+0000. What is in a word of a text is in its folded form."""
    if text.isascii():
        return text.lower().replace("\0", "\ufffd")
    return "".join(map(_folded, PIECES.findall(text))).replace("\0", "\ufffd")


def _folded(text: str) -> str:
    # Decomposed first (D145): the case folding of a composed Greek letter would put its iota before other marks.
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKD", text).casefold())


def is_room_name(text: str) -> bool:
    """Whether a room may have this name: 1 to 32 letters, digits and - _ . in normal form, a letter or digit first."""
    return _is_of_letters(text, LONGEST, "-_.")


def is_topic_name(text: str) -> bool:
    """Whether a topic may have this name: as a room, but with up to 100 characters, and a colon may be among them."""
    return _is_of_letters(text, LONGEST_TOPIC, "-_.:")


def _is_of_letters(text: str, longest: int, others: str) -> bool:
    """Whether a text in normal form has letters and digits, the first one too, and besides them only the others."""
    if not 1 <= len(text) <= longest or unicodedata.normalize("NFKC", text) != text or INVISIBLE.search(text):
        return False
    kinds = [unicodedata.category(character) for character in text]
    letters = [kind[0] == "L" or kind == "Nd" for kind in kinds]
    # The vowels of some scripts are marks.
    return letters[0] and all(
        is_letter or kind in ("Mn", "Mc") or character in others
        for is_letter, kind, character in zip(letters, kinds, text, strict=True)
    )


def similar_room_name(text: str) -> str | None:
    """Returns a name that a room may have and that is like this text: "my room" becomes "my-room"; None for none."""
    if len(text) > LONGEST_RAW:
        return None
    words = "-".join(unicodedata.normalize("NFKC", text).split())
    found = "".join(character for character in words if is_room_name(f"x{character}")).lstrip("-_.")
    return found if is_room_name(found) else None


def room_exists(name: str) -> str:
    """Returns the sentence for a person who asks for a room whose name counts as the same as this existing one."""
    return f"There is a room {name} already; the names differ in case or width only."


def suggest(name: str, taken: Container[str]) -> str:
    """Returns a free name that is similar to a normalised one, such as Ann2. taken: the keys in use.

    Its time is logarithmic in the number of similar names that are taken.
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


def similar(name: str) -> Sequence[str]:
    """The first names that `suggest` may return for a normalised one: so many that it needs others hardly ever."""
    return [_numbered(name, number) for number in range(2, SIMILAR + 2)]


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
