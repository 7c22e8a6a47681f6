"""What was read for a webhook, in the order in which it is sent. Pure."""

from collections.abc import Iterator, Mapping
from heapq import merge

from mixsvc.webhooks.storage.records import Changed, Unsent

__all__ = ["in_order", "passed"]


def in_order(unsent: Unsent, numbers: Mapping[str, int]) -> Iterator[Changed]:
    """Yields new messages, those of a room in the order of their numbers, then changes in the order of theirs.

    numbers: up to which messages are sent, as it is when the next one is taken. A change is left out if its message was
    sent as it is since, or still will be.
    """
    told: dict[tuple[str, int], int] = {}
    rooms = [[(each.at, place, each) for each in news] for place, news in enumerate(unsent.news.values())]
    for _, _, each in merge(*rooms, key=lambda entry: entry[:2]):
        told[each.room, each.message.number] = each.stored_change or 0
        yield each
    for each in unsent.changes:
        number = each.message.number
        if number <= numbers.get(each.room, 0) and (each.change or 0) > told.get((each.room, number), 0):
            yield each


def passed(unsent: Unsent) -> Mapping[str, int]:
    """Returns the last numbers of the rooms that were read and have none of the messages any more."""
    return {room: unsent.lasts[room] for room, news in unsent.news.items() if not news}
