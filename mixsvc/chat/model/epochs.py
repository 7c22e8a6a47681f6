"""Which history a client knows: the epoch of a database, and the tokens of messages. Pure.

A number alone does not say which message it is of. A database that was restored from a backup goes on from an earlier
number, and uses numbers again that clients have seen with other messages. The epoch names a history as a whole; it is
drawn at random when a database is new, and again when the operator restores one. The service cannot see that a file was
put back by other means, so a token tells a message from every other one that could have its number.
"""

import secrets
from random import Random
from typing import Final

from mixsvc.common.records import record

__all__ = ["MARK_BITS", "Known", "gone_token", "new_mark", "token", "token_number"]

# So many bits that no two messages of one number ever have the same mark, which is no secret.
MARK_BITS: Final = 48
_marks: Final = Random(secrets.randbits(128))


@record
class Known:
    """What a client says of the history that it has seen: its epoch, and the token of its newest message.

    Both are None for a client that does not know them. anew: how many messages it gets if its history is another one.
    """

    epoch: str | None
    token: str | None
    anew: int


def new_mark() -> int:
    """Returns the mark of a new message, which is stored with it and never changes."""
    return _marks.getrandbits(MARK_BITS)


def token(number: int, mark: int | None) -> str:
    """Returns the token of a message. mark: None for one that an older version stored."""
    return f"{number}.old" if mark is None else f"{number}.{mark:x}"


def gone_token(number: int) -> str:
    """Returns the token of a number whose message is not kept any more, or never was: no message has it."""
    return f"{number}."


def token_number(text: str) -> int | None:
    """Returns the number of the message that a token belongs to; None if the text is no token."""
    number, dot, _ = text.partition(".")
    return int(number) if dot and number.isascii() and number.isdecimal() and len(number) <= 16 else None
