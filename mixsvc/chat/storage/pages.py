"""How many messages fit into a page. Pure."""

import json
from collections.abc import Sequence
from typing import Final

from mixsvc.interfaces import ChatMessage

__all__ = ["AROUND_TEXT", "fitting_edits", "size"]

# The bytes of a message in an event besides its name and text: the number, the time and the field names.
AROUND_TEXT: Final = 145
# Those of the time when it was edited.
EDITED_AT: Final = 43


def size(message: ChatMessage) -> int:
    """Returns how many bytes a message takes in a page, at most."""
    # SockJS encodes the JSON text as JSON again: a quotation mark takes four bytes, a control character seven.
    twice = json.dumps(json.dumps([message.name, message.text], ensure_ascii=False), ensure_ascii=False)
    around = AROUND_TEXT if message.edited_at is None else AROUND_TEXT + EDITED_AT
    return around + len(twice.encode())


def fitting_edits(messages: Sequence[ChatMessage], most: int) -> tuple[ChatMessage, ...]:
    """Returns the first of these messages that fit into so many bytes, in the order of their numbers."""
    fitting = []
    for message in messages:
        most -= size(message)
        if most < 0:
            break
        fitting.append(message)
    return tuple(sorted(fitting, key=lambda each: each.number))
