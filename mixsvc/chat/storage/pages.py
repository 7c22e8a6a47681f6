"""How many messages fit into a page."""

import json
from typing import Final

from mixsvc.interfaces import ChatMessage

__all__ = ["AROUND_TEXT", "size"]

# The bytes of a message in an event besides its name and text: the number, the time and the field names.
AROUND_TEXT: Final = 130


def size(message: ChatMessage) -> int:
    """Returns how many bytes a message takes in a page, at most."""
    # SockJS encodes the JSON text as JSON again: a quotation mark takes four bytes, a control character seven.
    twice = json.dumps(json.dumps([message.name, message.text], ensure_ascii=False), ensure_ascii=False)
    return AROUND_TEXT + len(twice.encode())
