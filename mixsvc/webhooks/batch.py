"""What was read for a webhook, in the order in which it is sent. Pure."""

from collections.abc import Iterator, Mapping
from heapq import merge

from mixsvc.webhooks.storage.records import Changed, Unsent

__all__ = ["in_order", "passed"]


def in_order(unsent: Unsent, numbers: Mapping[str, int]) -> Iterator[tuple[Changed, bool]]:
    """Yields changes in the order of their numbers, then new messages, those of a room in the order of theirs.

    With each comes whether it is to be told: a change of a message that still will be sent, as it is by then, is not.
    numbers: up to which messages are sent, as it is when the next one is taken.
    """
    unread = {
        (each.room, each.message.number): each.stored_change or 0 for news in unsent.news.values() for each in news
    }
    later = 0
    for each in unsent.changes:
        if (each.change or 0) > unread.get((each.room, each.message.number), each.change or 0):
            # It was made after the new messages were read, so it comes behind these, as do those behind it.
            break
        later += 1
        yield each, _is_sent(each, numbers)
    rooms = [[(each.at, place, each) for each in news] for place, news in enumerate(unsent.news.values())]
    yield from ((each, True) for _, _, each in merge(*rooms, key=lambda entry: entry[:2]))
    for each in unsent.changes[later:]:
        yield each, _is_sent(each, numbers) and (each.change or 0) > unread.get((each.room, each.message.number), 0)


def _is_sent(change: Changed, numbers: Mapping[str, int]) -> bool:
    return change.message.number <= numbers.get(change.room, 0)


def passed(unsent: Unsent) -> Mapping[str, int]:
    """Returns the last numbers of the rooms that were read and have none of the messages any more."""
    return {room: unsent.lasts[room] for room, news in unsent.news.items() if not news}
