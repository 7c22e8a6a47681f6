"""What is said, as lines that fit into 512 bytes; and what clients send, without formatting codes.

Each line of a text becomes a message of its own, and a line that is too long several: between characters, and where it
can be at a space or before a whole visible character. Markdown stays as it was written.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from mixsvc.common.names import continues

__all__ = ["MOST_LINES", "action_of", "is_ctcp", "plain", "spoken", "split"]

# So many messages one text becomes at most; the last one says how many lines are missing.
MOST_LINES: Final = 100

# How many characters a cut goes back at most to find a space, and the beginning of a visible character.
BACK_TO_SPACE: Final = 80
BACK_TO_CHARACTER: Final = 32

# What clients send for colours, bold and so on (https://modern.ircdocs.horse/formatting).
_FORMATTING: Final = re.compile(
    "\x03(?:[0-9]{1,2}(?:,[0-9]{1,2})?)?|\x04(?:[0-9A-Fa-f]{6}(?:,[0-9A-Fa-f]{6})?)?|[\x02\x0f\x11\x16\x1d\x1e\x1f]"
)
_ACTION: Final = re.compile("\x01ACTION (.*?)\x01?", re.DOTALL)

# Control characters: they would be formatting or commands to a client (\x01: CTCP).
_CONTROL: Final = {code: "\ufffd" for code in (*range(32), 127)} | {ord("\t"): " "}

_JOINER: Final = "\u200d"
_FLAGS: Final = range(0x1F1E6, 0x1F200)
_JAMO: Final = range(0x1160, 0x1200)


def plain(text: str) -> str:
    """Returns a client's text without the codes of colours, bold and the like, which other clients cannot show."""
    return _FORMATTING.sub("", text)


def is_ctcp(text: str) -> bool:
    """Whether a client's text is a request or an answer of another protocol inside of IRC (CTCP)."""
    return text.startswith("\x01")


def action_of(text: str) -> str | None:
    """Returns what a client's text says that its author does (CTCP ACTION); None for other texts."""
    found = _ACTION.fullmatch(text)
    return found[1] if found else None


def spoken(text: str, room: int) -> Sequence[str]:
    """Returns a message of the chat as texts of at most `room` bytes each, without empty lines; at least one."""
    lines = [part for line in text.splitlines() if line.strip() for part in split(line.translate(_CONTROL), room)]
    if len(lines) > MOST_LINES:
        missing = len(lines) - MOST_LINES + 1
        return [*lines[: MOST_LINES - 1], f"\u2026 and {missing} more lines"]
    return lines or [""]


def split(text: str, room: int) -> Iterator[str]:
    """Yields a text in parts of at most `room` bytes of UTF-8 (at least 4); together they are the text."""
    while len(text.encode()) > room:
        # No part has more characters than bytes.
        end = len(text.encode()[:room].decode("utf-8", "ignore"))
        end = _good_end(text, end)
        yield text[:end]
        text = text[end:]
    if text:
        yield text


def _good_end(text: str, end: int) -> int:
    """Where to cut at `end` or before it: behind a space if one is near, else between visible characters."""
    space = text.rfind(" ", max(1, end - BACK_TO_SPACE), end)
    if space > 0:
        return space + 1
    for each in range(end, max(0, end - BACK_TO_CHARACTER), -1):
        if not _belong_together(text, each):
            return each
    return end


def _belong_together(text: str, place: int) -> bool:
    """Whether the characters before and at a place are shown as one (UAX 29, without its rarest rules)."""
    if place >= len(text):
        return False
    before, after = text[place - 1], text[place]
    if continues(after) or before == _JOINER or ord(after) in _JAMO:
        return True
    if ord(before) in _FLAGS and ord(after) in _FLAGS:
        # Flags are pairs: an odd number of their letters before the place ends in the middle of one.
        letters = 0
        while letters < place and ord(text[place - 1 - letters]) in _FLAGS:
            letters += 1
        return letters % 2 == 1
    return False
