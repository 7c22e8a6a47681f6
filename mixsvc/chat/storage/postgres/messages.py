"""Messages and rooms in PostgreSQL; see MessageStore for what the functions do."""

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from mixsvc.chat.model import epochs
from mixsvc.chat.model.acts import Oblivion, event_of
from mixsvc.chat.storage.pages import AROUND_TEXT, fitting_edits, size
from mixsvc.chat.storage.records import (
    Age,
    Draft,
    NewMessages,
    PageQuery,
    Period,
    StorageLimits,
    StoredAct,
    StoredMessage,
)
from mixsvc.chat.storage.store import DELETED_TOLD, EDITED_PART, EDITED_TOLD, PRUNED, StoredRoom
from mixsvc.interfaces import ChatMessage, ChatPage
from mixsvc.storage.engine import Cursor
from mixsvc.storage.epoch import read_epoch
from mixsvc.storage.postgres.columns import Cell, columns
from mixsvc.storage.postgres.pruning import pruned, pruning
from mixsvc.storage.postgres.rooms import last_numbers

__all__ = [
    "expire",
    "forget",
    "insert",
    "last_numbers",
    "prune",
    "read",
    "read_epoch",
    "read_new",
    "read_rooms",
    "redate",
    "room_names",
    "topic",
]

# The server sends the answer before the commit, and waits with the rooms locked for whoever does not read it. So the
# answer does not have what the node has itself: it fits into the buffers of a socket.
_APPEND: Final = """
    SELECT number, said_at, is_deleted, is_edited, is_repeated, mark,
        CASE WHEN is_repeated OR is_deleted OR is_edited THEN ARRAY[name, text, kind] END
    FROM append_messages(
        %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::bigint, %s::bigint
    )
"""
# One statement, so that no room is forgotten without an event.
_FORGET: Final = """
    SELECT CASE WHEN forget_room(%s) THEN add_event(%s, %s, %s::jsonb) END
"""
# When messages were edited is read apart: pages without such messages take no more time for it.
_PAGES: Final = """
    SELECT first, last, topic, deleted, token, is_reset, edited, edits.moments, numbers, names, texts, times, kinds,
        are_deleted, are_edited
    FROM read_pages(
        %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
        %s::boolean[], %s::boolean[], %s::bigint[], %s::text[], %s::bigint[],
        %s::bigint, %s::bigint, %s::bigint, %s::bigint, %s::bigint
    ) WITH ORDINALITY AS page (
        first, last, topic, deleted, token, is_reset, numbers, names, texts, times, kinds, are_deleted, are_edited,
        edited, place
    )
    CROSS JOIN LATERAL (
        SELECT jsonb_object_agg(message.number, extract(epoch FROM message.edited_at)) AS moments FROM message
        WHERE (true = ANY (page.are_edited) OR page.edited IS NOT NULL)
            AND message.room = (%s::text[])[page.place] AND message.edited_at IS NOT NULL AND message.number = ANY (
                page.numbers || ARRAY(SELECT (each ->> 0)::bigint FROM jsonb_array_elements(page.edited) each)
            )
    ) edits
    ORDER BY place
"""
_NEW: Final = """
    SELECT asked.room, coalesce(room.last, (SELECT number FROM room_floor)), new.number, new.name, new.text,
        extract(epoch FROM new.said_at)::double precision, new.kind, new.deleted_by IS NOT NULL,
        new.edited_at IS NOT NULL, extract(epoch FROM new.edited_at)::double precision, new.mark
    FROM unnest(%s::text[], %s::bigint[]) WITH ORDINALITY AS asked (room, after, place)
    LEFT JOIN room ON room.name = asked.room
    LEFT JOIN LATERAL (
        SELECT * FROM message WHERE message.room = asked.room AND message.number > asked.after
        ORDER BY message.number LIMIT %s
    ) new ON true
    ORDER BY asked.place, new.number
"""
_PRUNE: Final = pruning("room", "message", "prune_messages")
_ROOMS: Final = """
    SELECT room.name, room.last, room.topic
    FROM room LEFT JOIN message ON message.room = room.name AND message.number = room.last
    ORDER BY message.said_at DESC NULLS LAST, room.name
"""


def insert(cursor: Cursor, drafts: Sequence[Draft], limits: StorageLimits) -> list[StoredMessage]:
    """See MessageStore. A message is said when PostgreSQL's clock says, whatever its draft has."""
    rows = [
        (each.room, each.name, each.text, each.key, each.kind, each.mark or epochs.new_mark(), each.author)
        for each in drafts
    ]
    cursor.execute(_APPEND, (*columns(rows, 7), limits.keep, PRUNED))
    return [_stored(*each) for each in zip(drafts, cursor.fetchall(), strict=True)]


def read(cursor: Cursor, queries: Sequence[PageQuery], limits: StorageLimits) -> list[ChatPage]:
    """See MessageStore."""
    rows = [_asked(each, limits.epoch) for each in queries]
    bounds = (limits.keep, limits.page_bytes, AROUND_TEXT, DELETED_TOLD, EDITED_TOLD)
    given = columns(rows, 10)
    cursor.execute(_PAGES, (*given, *bounds, given[0]))
    return [_page(row, limits) for row in cursor.fetchall()]


def read_new(cursor: Cursor, after: Mapping[str, int], limit: int) -> dict[str, NewMessages]:
    """See MessageStore."""
    cursor.execute(_NEW, (list(after), list(after.values()), limit))
    return {room: _new(list(rows), limit) for room, rows in groupby(cursor.fetchall(), key=itemgetter(0))}


def read_rooms(cursor: Cursor) -> list[StoredRoom]:
    """See MessageStore."""
    found: list[StoredRoom] = cursor.execute(_ROOMS).fetchall()
    return found


def topic(cursor: Cursor, room: str) -> str:
    """See MessageStore."""
    row = cursor.execute("SELECT topic FROM room WHERE name = %s", (room,)).fetchone()
    return row[0] if row else ""


def expire(cursor: Cursor, room: str, age: Age) -> int:
    """See MessageStore."""
    statement = "SELECT expire_messages(%s, to_timestamp(%s), to_timestamp(%s), %s)"
    count: int = cursor.execute(statement, (room, age.now, age.cutoff, PRUNED)).fetchone()[0]
    return count


def prune(cursor: Cursor, keep: int) -> bool:
    """See MessageStore."""
    return pruned(cursor, _PRUNE, keep, PRUNED)


def redate(cursor: Cursor, period: Period, seconds: float) -> None:
    """See MessageStore."""
    rows = [(room, period.after.get(room, 0), up_to) for room, up_to in period.up_to.items()]
    cursor.execute(
        "SELECT redate_messages(%s::text[], %s::bigint[], %s::bigint[], to_timestamp(%s), to_timestamp(%s), %s)",
        (*columns(rows, 3), period.began, period.ended, seconds),
    )


def forget(cursor: Cursor, act: Oblivion) -> StoredAct[Oblivion] | None:
    """See MessageStore."""
    event = event_of(act)
    (number,) = cursor.execute(_FORGET, (act.room, event.kind, event.room, json.dumps(event.body))).fetchone()
    return None if number is None else StoredAct(act, number)


def room_names(cursor: Cursor) -> list[str]:
    """See MessageStore."""
    return [name for (name,) in cursor.execute("SELECT name FROM room ORDER BY name")]


def _stored(draft: Draft, row: Sequence[Any]) -> StoredMessage:
    number, said_at, is_deleted, is_edited, is_repeated, mark, others = row
    name, text, kind = others or (draft.name, draft.text, draft.kind)
    message = ChatMessage(number, name, text, said_at, kind, is_deleted, is_edited)
    return StoredMessage(message, is_repeated, "" if is_repeated else epochs.token(message.number, mark))


def _new(rows: Sequence[Sequence[Any]], limit: int) -> NewMessages:
    """rows: room, last number, and the fields and mark of a message; one row of None for a room without new ones."""
    last = rows[0][1]
    messages = [
        StoredMessage(ChatMessage(*fields), token=epochs.token(fields[0], mark))
        for _, _, *fields, mark in rows
        if fields[0] is not None
    ]
    return NewMessages(messages[-1].message.number if len(messages) == limit else last, messages)


def _asked(query: PageQuery, epoch: str) -> Sequence[Cell]:
    known = query.known
    asked = (query.room, query.after, query.before, query.limit, query.seen)
    if known is None:
        return (*asked, False, False, None, None, 0)
    number = None if known.token is None else epochs.token_number(known.token)
    is_foreign = known.epoch not in (None, epoch) or (known.token is not None and number is None)
    # PostgreSQL refuses U+0000 in any text; no token has it.
    token = known.token and known.token.replace("\0", "?")
    return (*asked, True, is_foreign, number, token, known.anew)


def _page(row: Sequence[Any], limits: StorageLimits) -> ChatPage:
    first, last, topic, deleted, token, is_reset, changed, moments, *arrays = row
    moments = moments or {}
    changes = [_dated(each, moments) for each in changed or ()]
    edited = fitting_edits(changes, limits.page_bytes // EDITED_PART)
    arrays = [each or () for each in arrays]
    messages = [_dated(fields, moments) for fields in zip(*arrays, strict=True)]
    return ChatPage(
        _fitting(messages, limits.page_bytes - sum(map(size, edited))),
        first,
        last,
        topic,
        tuple(deleted or ()),
        limits.epoch,
        token,
        is_reset,
        edited,
    )


def _dated(fields: Sequence[Any], moments: Mapping[str, float]) -> ChatMessage:
    """moments: when messages were edited, by their numbers."""
    number, name, text, said_at, kind, is_deleted, is_edited = fields
    return ChatMessage(number, name, text, said_at, kind, is_deleted, is_edited, moments.get(str(number)))


def _fitting(messages: Sequence[ChatMessage], page_bytes: int) -> tuple[ChatMessage, ...]:
    """Returns the newest that fit into a page; one at least."""
    for place in range(len(messages) - 1, -1, -1):
        page_bytes -= size(messages[place])
        if page_bytes < 0:
            return tuple(messages[min(place + 1, len(messages) - 1) :])
    return tuple(messages)
