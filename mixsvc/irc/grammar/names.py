"""Nicknames and channels for the names of persons and rooms, both ways.

A nickname has no space and none of `! @ , * ? . :`, and does not begin with what marks channels and operators (Modern
IRC, "Clients" and "Channels"); a name of the chat may have all of these. So a space becomes `|`, and every other
character that a nickname cannot have becomes its code point in hexadecimal digits in braces: "Ann Lee" is Ann|Lee, and
"J.R." is J{2e}R{2e}. All other characters stay, of any script, in UTF-8. `name_of` undoes what `nick_of` does, so no
two names have one nickname. Two nicknames that differ in the case of ASCII letters only (CASEMAPPING=ascii) are of one
person, as the chat counts such names as the same.

The name of a room has letters, digits and `- _ .` only, and becomes a channel by the `#` in front of it.
"""

import re
from functools import lru_cache
from hashlib import sha256
from string import ascii_lowercase, ascii_uppercase
from typing import Final

from mixsvc.common import names

__all__ = [
    "CHANNEL_BYTES",
    "NICK_BYTES",
    "channel_of",
    "folded",
    "ident_of",
    "is_channel",
    "name_of",
    "nick_of",
    "room_of",
]

# Bytes of the longest nickname and channel: 32 characters of 4 bytes each, in UTF-8 or as {2e}.
NICK_BYTES: Final = 4 * names.LONGEST
CHANNEL_BYTES: Final = 1 + 4 * names.LONGEST

# Hexadecimal digits of an ident.
IDENT_DIGITS: Final = 9

_ESCAPE: Final = re.compile(r"\{([0-9A-Fa-f]{1,6})\}")

# CASEMAPPING=ascii.
_LOWER: Final = str.maketrans(ascii_uppercase, ascii_lowercase)

# What is escaped: what no nickname has, what nicknames do not begin with, `|` itself, and a brace before what would be
# taken for an escape.
_ESCAPED: Final = re.compile(r"[!@,*?.:|]|^[#&$+%~]|\{(?=[0-9A-Fa-f]{1,6}\})")


@lru_cache(4096)
def nick_of(name: str) -> str:
    """Returns the nickname of a person. name: as names.normalise returns it."""
    return _ESCAPED.sub(lambda match: f"{{{ord(match[0]):x}}}", name).replace(" ", "|")


def name_of(nick: str) -> str:
    """Returns the name of a person with this nickname; it need not be normal, or valid, if no `nick_of` returned it."""
    return _ESCAPE.sub(_unescaped, nick.replace("|", " "))


def channel_of(room: str) -> str:
    """Returns the channel of a room."""
    return f"#{room}"


def is_channel(text: str) -> bool:
    """Whether a text names a channel."""
    return text.startswith("#")


def room_of(channel: str) -> str:
    """Returns the room of a channel; "" for what is none. Whether a room can have such a name, the chat says."""
    return channel[1:] if is_channel(channel) else ""


@lru_cache(4096)
def ident_of(name: str) -> str:
    """Returns the user name of a person in nick!user@host: of its name alone, so that clients' usual masks name it."""
    return "u" + sha256(names.key(name).encode()).hexdigest()[:IDENT_DIGITS]


def folded(text: str) -> str:
    """Returns the text that is the same for all spellings of a nickname or channel (CASEMAPPING=ascii)."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


def _unescaped(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    # Surrogates are no characters, and there are none beyond the last plane.
    return chr(code) if code < 0xD800 or 0xDFFF < code <= 0x10FFFF else match[0]
