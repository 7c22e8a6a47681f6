"""The ChatStore of PostgreSQL: the functions of this folder."""

from mixsvc.chat.storage.postgres.messages import (
    expire,
    forget,
    insert,
    last_numbers,
    read,
    read_epoch,
    read_new,
    read_rooms,
    redate,
    room_names,
    topic,
)
from mixsvc.chat.storage.postgres.sanctions import (
    delete_message,
    impose,
    lift,
    move,
    read_audit,
    read_events,
    read_sanctions,
    record,
)

__all__ = [
    "delete_message",
    "expire",
    "forget",
    "impose",
    "insert",
    "last_numbers",
    "lift",
    "move",
    "read",
    "read_audit",
    "read_epoch",
    "read_events",
    "read_new",
    "read_rooms",
    "read_sanctions",
    "record",
    "redate",
    "room_names",
    "topic",
]
