"""A chat client that reconnects by itself.

docs/reference/client.md shows how to use it, docs/reference/chat-protocol.md describes the messages.
"""

from mixsvc.client.client import ChatClient
from mixsvc.client.errors import (
    BadUrl,
    Banned,
    ClientError,
    NothingSaid,
    NotInside,
    QueueFull,
    Refused,
    Stopped,
)
from mixsvc.client.events import (
    BegunAnew,
    Connecting,
    Deleted,
    Ended,
    Missed,
    Offline,
    Online,
    Removed,
    RoomEvent,
    State,
)
from mixsvc.client.options import Options
from mixsvc.interfaces import ChatMessage, ChatPage

__all__ = [
    "BadUrl",
    "Banned",
    "BegunAnew",
    "ChatClient",
    "ChatMessage",
    "ChatPage",
    "ClientError",
    "Connecting",
    "Deleted",
    "Ended",
    "Missed",
    "NotInside",
    "NothingSaid",
    "Offline",
    "Online",
    "Options",
    "QueueFull",
    "Refused",
    "Removed",
    "RoomEvent",
    "State",
    "Stopped",
]
