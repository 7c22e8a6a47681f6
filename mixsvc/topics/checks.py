"""What may be published: texts of programs, checked. Pure."""

import json
from collections.abc import Sequence
from typing import Any

from mixsvc.common.names import TOPIC_NAMES, UNPRINTABLE, is_topic_name
from mixsvc.common.text import is_storable, plain, shortened
from mixsvc.errors import NotPublished
from mixsvc.interfaces.topics import MAX_EVENT_NAME, MAX_KEY, MOST_TOPICS, RESET

__all__ = ["as_text", "check_event", "check_topic", "check_topics"]


def as_text(data: Any) -> str:
    """Returns the data of an event: a text as it is, what JSON has as JSON. Raises NotPublished for others."""
    if isinstance(data, str):
        return plain(data)
    try:
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise NotPublished(f"the data of an event is text, or what JSON can hold: {error}") from None


def check_topic(topic: object) -> str:
    """Returns the name of a topic. Raises NotPublished if it cannot be one."""
    if not isinstance(topic, str) or not is_topic_name(topic):
        shown = shortened(topic) if isinstance(topic, str) else topic
        raise NotPublished(f"{shown!r} is not a topic: {TOPIC_NAMES}")
    return topic


def check_topics(topics: Sequence[object]) -> None:
    """Check the names of topics that are asked for together. Raises NotPublished."""
    if not 1 <= len(topics) <= MOST_TOPICS or len({check_topic(topic) for topic in topics}) < len(topics):
        raise NotPublished(f"name 1 to {MOST_TOPICS} topics, each once")


def check_event(name: object, data: str, key: object, most: int) -> None:
    """Check an event. name, key: None for none. most: bytes of UTF-8 that its data may have. Raises NotPublished."""
    if name is not None and (
        not isinstance(name, str) or not 1 <= len(name) <= MAX_EVENT_NAME or UNPRINTABLE.search(name)
    ):
        raise NotPublished(f"the name of an event is one line of 1 to {MAX_EVENT_NAME} characters")
    if name == RESET:
        raise NotPublished(f"the name {RESET} is the service's: by it clients are told that events are gone")
    if key is not None and (not isinstance(key, str) or not 1 <= len(key) <= MAX_KEY or not is_storable(key)):
        raise NotPublished(f"a key is text of 1 to {MAX_KEY} characters, without U+0000 and halves of characters")
    if not is_storable(data):
        raise NotPublished("the data of an event has U+0000, or half of a character that takes two (a lone surrogate)")
    if len(data.encode()) > most:
        raise NotPublished(f"the data of an event has more than {most} bytes ([topics] max_data)")
