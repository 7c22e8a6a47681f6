"""What both kinds of database do alike. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from mixsvc.interfaces import ChatMessage
from mixsvc.webhooks.storage.records import Changed, RoomScope, Unsent
from mixsvc.webhooks.storage.store import ROOMS_AT_ONCE

__all__ = ["Row", "behind", "changed_of", "chosen", "inside", "new_rooms", "unsent"]

# Room, number, name, text, said_at, kind, is_deleted, is_edited, change, edited_at.
Row = Sequence[Any]


def new_rooms(scope: RoomScope, before: str | None, lasts: Mapping[str, int]) -> Mapping[str, int]:
    """Returns the last numbers of those rooms that are new to a webhook: it begins behind them.

    before: the stored form of the scope that it had; None for a new webhook.
    """
    old = RoomScope.of_text(before) if before is not None else ()
    return {room: last for room, last in lasts.items() if room in scope and room not in old}


def inside(scope: RoomScope, numbers: Mapping[str, int]) -> Mapping[str, int]:
    """Returns the numbers of the rooms of a scope: of others, which may be private by now, it is told nothing more."""
    return {room: number for room, number in numbers.items() if room in scope}


def behind(scope: RoomScope, numbers: Mapping[str, int], lasts: Mapping[str, int]) -> Mapping[str, int]:
    """Returns the last numbers of the rooms in which something is to be sent."""
    return {room: last for room, last in lasts.items() if last > numbers.get(room, 0) and room in scope}


def chosen(lasts: Mapping[str, int], numbers: Mapping[str, int]) -> Mapping[str, int]:
    """Returns behind which numbers of which rooms is read now."""
    return {room: numbers.get(room, 0) for room in sorted(lasts)[:ROOMS_AT_ONCE]}


def unsent(lasts: Mapping[str, int], numbers: Mapping[str, int], rows: Sequence[Row], changes: Sequence[Row]) -> Unsent:
    """Returns what was read; rows: of the rooms that were chosen, in the order of the numbers."""
    news: dict[str, list[Changed]] = {room: [] for room in chosen(lasts, numbers)}
    for row in rows:
        news[row[0]].append(changed_of(row, is_new=True))
    waiting = sum(last - numbers.get(room, 0) for room, last in lasts.items())
    return Unsent(news, [changed_of(row, is_new=False) for row in changes], lasts, waiting)


def changed_of(row: Row, *, is_new: bool) -> Changed:
    """Returns what a row says."""
    room, number, name, text, said_at, kind, is_deleted, is_edited, change, edited_at = row
    message = ChatMessage(number, name, text, said_at, kind, bool(is_deleted), bool(is_edited), edited_at)
    at = said_at if is_new or edited_at is None else edited_at
    return Changed(room, message, None if is_new else change, change, at)
