"""A chat client on Twisted for bots, bridges and tests. It reconnects by itself, and repeats and loses nothing.

docs/reference/client.md explains its use, docs/reference/chat-protocol.md the protocol. Doubles for the tests of
programs that use it are in `mixsvc.client.testing`.

What it promises, and how:

- **A room's listener gets each message once and in order.** The server numbers the messages of a room 1, 2, 3 …
  A cursor (cursor.py) holds the last number that was delivered; every `join` sends it as `since`. Messages that come
  ahead of a gap are buffered while the gap is fetched with `history` requests; what the server no longer keeps is
  reported as Missed. A `join` also sends the newest token that came: a server that has another history, since it was
  restored from a backup, says so, and the listener gets BegunAnew and then all messages of that history.
- **A text is stored once, and the texts of a room keep their order.** The outbox (outbox.py) keeps each text with a
  random key until the server acknowledges it, and one text of a room is under way at a time. After a lost connection
  everything unacknowledged is sent again; the server recognizes a key that it has stored.
- **A lost connection is made again.** The delay doubles with each failure up to a limit, and a random factor spreads
  the clients that were cut off together (reconnecting.py). A ping finds a dead connection within
  `ping_seconds + pong_seconds` (connection.py), `answer_seconds` a server that pongs and does not answer (session.py).
- **A refusal belongs to a request.** An `error` names the type of the request only, so the client sends one request at
  a time (requests.py) besides texts, which have their keys. It repeats what is refused for now (`slow_down`, `busy`,
  `not_saved`), and fails the caller's Deferred for every other code (handlers.py).

Files in the order in which one meets them: client (the public class), options, events, errors, address; then
reconnecting and connection (one WebSocket after the other); then session, with requests, rooms, cursor and outbox (what
survives a connection), parsing and handlers (what the server sends); say_command (`mixsvc say`); testing.
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
    Edited,
    Ended,
    Missed,
    Offline,
    Online,
    Removed,
    RoomEvent,
    State,
)
from mixsvc.client.options import Options
from mixsvc.interfaces import ChatMessage, ChatPage, FoundMessage, SearchPage

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
    "Edited",
    "Ended",
    "FoundMessage",
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
    "SearchPage",
    "State",
    "Stopped",
]
