"""One line of IRC: its tags, its command and its parameters (Modern IRC, "Message Format"; IRCv3 "Message Tags")."""

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Final

from mixsvc.common.records import record

__all__ = ["LONGEST_LINE", "LONGEST_TAGS", "BadLine", "IrcLine", "NoCommand", "as_bytes", "as_word", "parse_line"]

# Bytes of a line with its end, without its tags; and of the tags that a client may send, with @ and the space.
LONGEST_LINE: Final = 512
LONGEST_TAGS: Final = 4096

MOST_PARAMETERS: Final = 15

# Commands and replies that end with a text.
WITH_TEXT: Final = frozenset(
    ("PRIVMSG", "NOTICE", "TOPIC", "KICK", "CAP", "AWAY", "SETNAME", "ERROR", "301", "332", "353", "352")
)

_COMMAND: Final = re.compile("[A-Za-z]{1,32}|[0-9]{3}")

# What ends or breaks a line, wherever it comes from.
_BREAKS: Final = re.compile("[\0\r\n]")

_ESCAPES: Final = {":": ";", "s": " ", "\\": "\\", "r": "\r", "n": "\n"}
_ESCAPED: Final = str.maketrans({value: f"\\{name}" for name, value in _ESCAPES.items()})
_BACKSLASH: Final = re.compile(r"\\(.?)", re.DOTALL)


class BadLine(ValueError):
    """A line that is none. code: as in a FAIL of IRCv3's standard replies; the text is a sentence for the person."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class NoCommand(BadLine):
    """What begins a line cannot be a command, such as the name of a header of HTTP."""


@record
class IrcLine:
    """A line of a client. command: in capitals. tags: by name, without their escapes."""

    command: str
    parameters: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


def parse_line(data: bytes) -> IrcLine | None:
    """Returns the line of these bytes, without its end; None for an empty one. The source of a line is ignored.

    Raises BadLine, and nothing else.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise BadLine("INVALID_UTF8", "The line is not UTF-8 and was ignored.") from None
    if _BREAKS.search(text):
        raise BadLine("INVALID_MESSAGE", "The line has a NUL or a CR inside and was ignored.")
    tags: Mapping[str, str] = {}
    if text.startswith("@"):
        written, _, text = text[1:].partition(" ")
        tags = _tags(written)
    text = text.lstrip(" ")
    if text.startswith(":"):
        text = text.partition(" ")[2].lstrip(" ")
    if not text:
        return None
    command, _, rest = text.partition(" ")
    if not _COMMAND.fullmatch(command):
        raise NoCommand("INVALID_MESSAGE", "The line has no command and was ignored.")
    return IrcLine(command.upper(), _parameters(rest), tags)


def as_bytes(source: str, command: str, parameters: tuple[str, ...], tags: Mapping[str, str] | None = None) -> bytes:
    """Returns a line with its end. The last parameter may be empty, have spaces or begin with a colon.

    source: a server's name or nick!user@host; "" for none. A NUL, CR or LF anywhere becomes a space, so nobody
    can add a line. What does not fit into LONGEST_LINE is cut off, between characters.
    """
    words = [*([f":{source}"] if source else []), command, *parameters]
    # A colon before a text is not needed if it is one word, but older programs look for it.
    if parameters and (command in WITH_TEXT or not words[-1] or words[-1][0] == ":" or " " in words[-1]):
        words[-1] = f":{words[-1]}"
    # Half surrogate pairs, which UTF-8 cannot hold, are not in the chat's texts.
    line = _BREAKS.sub(" ", " ".join(words)).encode("utf-8", "replace") + b"\r\n"
    if len(line) > LONGEST_LINE:
        line = line[: LONGEST_LINE - 2].decode("utf-8", "ignore").encode() + b"\r\n"
    if tags:
        escaped = (f"{name}={value.translate(_ESCAPED)}" if value else name for name, value in tags.items())
        return f"@{';'.join(escaped)} ".encode("utf-8", "replace") + line
    return line


def as_word(text: str) -> str:
    """Returns what a client has sent as a parameter that is not the last one: one word, which is not empty."""
    return text.replace(" ", "_").lstrip(":") or "*"


def _parameters(text: str) -> tuple[str, ...]:
    found: list[str] = []
    while text := text.lstrip(" "):
        if text.startswith(":") or len(found) == MOST_PARAMETERS - 1:
            found.append(text.removeprefix(":"))
            break
        word, _, text = text.partition(" ")
        found.append(word)
    return tuple(found)


def _tags(text: str) -> Mapping[str, str]:
    found = {}
    for each in text.split(";"):
        name, _, value = each.partition("=")
        if name:
            found[name] = _BACKSLASH.sub(lambda match: _ESCAPES.get(match[1], match[1]), value)
    return found
