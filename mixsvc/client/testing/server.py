"""A chat server in memory, and its connections."""

import json
import secrets
from collections import deque
from typing import Any, Final, TypeAlias

from mixsvc.common import commands, names
from mixsvc.common.commands import Action, BadCommand, Help, Plain, Topic
from mixsvc.common.numbers import MAX_JSON_NUMBER

__all__ = ["TIME", "MemoryConnection", "MemoryServer", "Message"]

# As `json.loads` reads one.
Message: TypeAlias = dict[str, Any]

# The time of every message that MemoryServer stores.
TIME: Final = "2026-11-22T15:43:00.000Z"

# Messages in `joined` for a client that knows none, and in `history` without a limit, as the real server has them.
NEWEST: Final = 50

# Messages in `found` without a limit.
FOUND: Final = 20

MAX_TEXT: Final = 2000

# The kind of a message that sets the topic.
TOPIC: Final = "topic"

BANNED: Final = 4003


class MemoryServer:
    """A chat server that speaks docs/reference/chat-protocol.md to its connections and keeps everything in memory.

    A room is there once somebody joins it or says something in it; what is said is stored at once. A name is free when
    the last connection of its person has ended. Nobody answers `/rate` and `/convert`. requests: every message from the
    clients, in order, as `json.loads` read it.
    """

    def __init__(self, catch_up: int = 1000) -> None:
        """catch_up: how many messages a `join` with `since` brings at most; the client fetches the rest."""
        self.requests: list[Message] = []
        self.connections: list[MemoryConnection] = []
        self._catch_up = catch_up
        self._epoch = _random()
        self._rooms: dict[str, list[Message]] = {}
        # A token for each message that is stored, whatever its number.
        self._marks: dict[str, list[str]] = {}
        self._first: dict[str, int] = {}
        self._keys: dict[tuple[str, str], int] = {}
        # The tokens of those who said the messages that came from connections.
        self._authors: dict[tuple[str, int], object] = {}
        # The keys of the names that somebody without a connection has.
        self._held: set[str] = set()
        self._refusals: dict[str, deque[Message]] = {}

    # What a test asks for

    def say(self, room: str, text: str, name: str = "Bob") -> int:
        """Store a text as it is that somebody else says, and send it to the members of the room; its number."""
        message = self._store(room, text, name)
        self._broadcast_message(room, message)
        return int(message["number"])

    def texts(self, room: str) -> list[str]:
        """The texts of all messages of a room, in order."""
        return [message["text"] for message in self._rooms.get(room, [])]

    def requests_of(self, type: str) -> list[Message]:
        """The requests of one type, such as `say`, in order."""
        return [request for request in self.requests if request["type"] == type]

    def refuse(self, type: str, code: str, **fields: object) -> None:
        """Answer the next request of that type with an `error`. Called twice, it refuses the next two.

        code: one of the protocol's. fields: of the error, such as `text`, `wait` in seconds or `suggestion`.
        """
        refusal = {"code": code, "text": f"Refused: {code}.", **fields}
        self._refusals.setdefault(type, deque()).append(refusal)

    def accept_all(self) -> None:
        """Forget the refusals that no request has used."""
        self._refusals.clear()

    def hold_name(self, name: str) -> None:
        """Let another person use a name; nobody else can take it until `free_name`."""
        self._held.add(names.key(name))

    def free_name(self, name: str) -> None:
        """Let anybody use a name that was held."""
        self._held.discard(names.key(name))

    def delete(self, room: str, number: int, by: str = "Eve") -> None:
        """Delete a message, as a moderator does."""
        message = self._rooms[room][number - 1]
        for name in ("edited", "edited_at"):
            message.pop(name, None)
        message.update(text="", deleted=True)
        self._broadcast("deleted", room, number=number, by=by, topic=self._topic(room))

    def edit(self, room: str, number: int, text: str) -> None:
        """Give a message another text, as its author does."""
        self._rooms[room][number - 1].update(text=text, edited=True, edited_at=TIME)
        self._broadcast("edited", room, number=number, text=text, edited_at=TIME)

    def kick(self, room: str, name: str, reason: str = "", by: str = "Eve") -> None:
        """Put a member out of a room, as a moderator does."""
        self._broadcast("kicked", room, name=name, by=by, reason=reason)
        for connection in self.connections:
            if connection.name == name:
                connection.rooms.discard(room)

    def ban(self, name: str, reason: str = "Banned") -> None:
        """Close all connections of a person with the close code of a ban."""
        for connection in self.connections:
            if connection.name == name:
                connection.close(BANNED, reason)

    def expire(self, room: str, first: int) -> None:
        """Keep only the messages with numbers from `first` on."""
        self._first[room] = first

    def lose_history(self, room: str) -> None:
        """Lose the messages of a room and number from 1 again, as a server with another database does."""
        self._epoch = _random()
        self.go_back(room, 0)

    def go_back(self, room: str, last: int) -> None:
        """Lose the messages of a room after `last`, as a server does whose database was restored from a backup."""
        self._rooms[room] = self._rooms.get(room, [])[:last]
        self._marks[room] = self._marks.get(room, [])[:last]
        if self._first.get(room, 1) > last:
            self._first.pop(room, None)
        self._keys = {(of, key): number for (of, key), number in self._keys.items() if of != room or number <= last}

    # What a connection asks for

    def receive(self, connection: "MemoryConnection", text: str) -> None:
        """Answer one message of a client; text: as it came over the WebSocket."""
        request = json.loads(text)
        self.requests.append(request)
        type = request["type"]
        refusals = self._refusals.get(type)
        if refusals:
            connection.send_error(request, **refusals.popleft())
        elif type not in ("hello", "join", "leave", "history", "search", "say", "edit", "delete"):
            connection.send_error(request, code="unknown_type", text="There is no such type.")
        elif type != "hello" and not connection.name:
            connection.send_error(request, code="no_name", text="Say hello first.")
        else:
            getattr(self, f"_{type}")(connection, request)

    def _hello(self, connection: "MemoryConnection", request: Message) -> None:
        if connection.name:
            connection.send_error(request, code="already_named", text=f"Your name is {connection.name}.")
            return
        try:
            name = names.person_name(request["name"])
        except names.BadName as bad:
            connection.send_error(request, code="bad_name", text=str(bad))
            return
        # Without one every connection is another person.
        token = request.get("token") or object()
        if self._is_taken(names.key(name), token):
            connection.send_error(request, code="name_taken", text=f"Somebody is {name}.", suggestion=f"{name}2")
            return
        connection.name, connection.token = name, token
        fields = {"rooms": list(self._rooms), "max_text": MAX_TEXT, "moderator": False, "epoch": self._epoch}
        connection.send(type="welcome", name=name, **fields)

    def _is_taken(self, key: str, token: object) -> bool:
        others = (each for each in self.connections if each.name and each.token != token)
        return key in self._held or any(names.key(each.name) == key for each in others)

    def _join(self, connection: "MemoryConnection", request: Message) -> None:
        room, since = request["room"], request.get("since")
        if room in connection.rooms:
            connection.send_error(request, code="already_inside", text="You are inside already.")
            return
        connection.rooms.add(room)
        kept = self._kept(room)
        is_reset = since is not None and not self._is_known(request)
        since = None if is_reset else since
        later = kept[-NEWEST:] if since is None else [each for each in kept if each["number"] > since]
        members = sorted({each.name for each in self.connections if room in each.rooms})
        page: Message = {"messages": later[-self._catch_up :], **self._bounds(room)}
        page |= {"epoch": self._epoch, "token": self._token(room, len(self._rooms[room])), "reset": is_reset}
        seen = [each for each in kept if since is not None and each["number"] <= since]
        page["deleted"] = [each["number"] for each in seen if "deleted" in each]
        page["edited"] = [each for each in seen if "edited" in each and "deleted" not in each]
        connection.send(type="joined", room=room, members=members, count=len(members), topic=self._topic(room), **page)

    def _leave(self, connection: "MemoryConnection", request: Message) -> None:
        connection.rooms.discard(request["room"])
        connection.send(type="left", room=request["room"])

    def _history(self, connection: "MemoryConnection", request: Message) -> None:
        room, before = request["room"], request.get("before")
        if room not in self._rooms:
            connection.send_error(request, code="no_such_room", text=f"There is no room {room}.")
            return
        earlier = [each for each in self._kept(room) if before is None or each["number"] < before]
        page = earlier[-request.get("limit", NEWEST) :]
        connection.send(type="history", room=room, messages=page, **self._bounds(room))

    def _search(self, connection: "MemoryConnection", request: Message) -> None:
        room, before, words = request.get("room"), request.get("before"), request["text"].lower().split()
        rooms = [room] if room else sorted(connection.rooms)
        if room and room not in self._rooms:
            connection.send_error(request, code="no_such_room", text=f"There is no room {room}.")
            return
        below = before if before is not None else dict.fromkeys(rooms, MAX_JSON_NUMBER)
        found = [
            {"room": each, **message}
            for each in rooms
            for message in reversed(self._kept(each))
            if message["number"] < below.get(each, 0) and message["text"]
            if all(word in message["text"].lower() for word in words)
        ]
        shown = found[: request.get("limit", FOUND)]
        lasts = {each["room"]: each["number"] + 1 for each in reversed(found[len(shown) :])}
        more = {"before": lasts} if lasts else {}
        named = sorted({*lasts, *(each["room"] for each in shown)})
        connection.send(type="found", rooms=named, text=request["text"], words=words, messages=shown, **more)

    def _edit(self, connection: "MemoryConnection", request: Message) -> None:
        room, number, text = request["room"], request["number"], request["text"]
        try:
            _check_text(text)
        except ValueError as bad:
            connection.send_error(request, code="bad_text", text=str(bad))
            return
        message = self._own(connection, request)
        if message is None:
            return
        if message.get("kind") == TOPIC:
            connection.send_error(request, code="not_allowed", text="A topic is not edited.")
            return
        if message["text"] != text:
            self.edit(room, number, text)
        connection.send(type="done", of="edit", room=room, number=number)

    def _delete(self, connection: "MemoryConnection", request: Message) -> None:
        room, number = request["room"], request["number"]
        if self._own(connection, request) is not None:
            self.delete(room, number, connection.name)
            connection.send(type="done", of="delete", room=room, number=number)

    def _own(self, connection: "MemoryConnection", request: Message) -> Message | None:
        """The message that a client may change; None after refusing it."""
        room, number = request["room"], request["number"]
        found = [each for each in self._kept(room) if each["number"] == number and "deleted" not in each]
        if room not in connection.rooms:
            connection.send_error(request, code="not_inside", text=f"Join {room} first.")
        elif not found:
            connection.send_error(request, code="no_such_message", text=f"There is no message {number}.")
        elif self._authors.get((room, number)) != connection.token:
            connection.send_error(request, code="not_allowed", text="This message is not yours.")
        else:
            return found[0]
        return None

    def _say(self, connection: "MemoryConnection", request: Message) -> None:
        room, text = request["room"], request["text"]
        if room not in connection.rooms:
            connection.send_error(request, code="not_inside", text=f"Join {room} first.")
            return
        try:
            _check_text(text)
            meant = commands.parse(text)
        except BadCommand as bad:
            connection.send_error(request, code="bad_command", text=str(bad))
            return
        except ValueError as bad:
            connection.send_error(request, code="bad_text", text=str(bad))
            return
        match meant:
            case Help():
                connection.send(type="notice", text=commands.HELP)
            case Action(said):
                self._say_once(connection, request, said, "action")
            case Topic(said):
                self._say_once(connection, request, said, TOPIC)
            case Plain(said):
                self._say_once(connection, request, said)
            case _:
                self._say_once(connection, request, text)

    def _say_once(self, connection: "MemoryConnection", request: Message, text: str, kind: str = "") -> None:
        room, key = request["room"], request.get("key")
        stored = self._keys.get((room, key)) if key is not None else None
        message = self._store(room, text, connection.name, kind) if stored is None else None
        number = stored if message is None else message["number"]
        about = {} if key is None else {"key": key}
        # `said` comes before the `message` itself.
        connection.send(type="said", room=room, number=number, **about)
        if message is not None:
            self._authors[room, message["number"]] = connection.token
            self._keys.update({(room, key): number} if key is not None else {})
            self._broadcast_message(room, message)

    def _broadcast_message(self, room: str, message: Message) -> None:
        self._broadcast("message", room, **message, token=self._token(room, message["number"]))

    def _is_known(self, request: Message) -> bool:
        """Whether a client that comes back has seen the messages that are here."""
        room, token = request["room"], request.get("token")
        last = len(self._rooms[room])
        if request["since"] > last or request.get("epoch", self._epoch) != self._epoch:
            return False
        return token is None or any(token == self._token(room, number) for number in range(last + 1))

    def _token(self, room: str, number: int) -> str:
        return f"{number}.{self._marks[room][number - 1]}" if number else "0."

    def _topic(self, room: str) -> str:
        """What was set last; "" if that was deleted."""
        return next((each["text"] for each in reversed(self._rooms.get(room, [])) if each.get("kind") == TOPIC), "")

    def _store(self, room: str, text: str, name: str, kind: str = "") -> Message:
        messages = self._rooms.setdefault(room, [])
        message = {"number": len(messages) + 1, "name": name, "text": text, "time": TIME}
        message |= {"kind": kind} if kind else {}
        messages.append(message)
        self._authors.pop((room, len(messages)), None)
        self._marks.setdefault(room, []).append(_random())
        return message

    def _broadcast(self, type: str, room: str, **fields: object) -> None:
        for connection in self.connections:
            if room in connection.rooms:
                connection.send(type=type, room=room, **fields)

    def _kept(self, room: str) -> list[Message]:
        return self._rooms.setdefault(room, [])[self._first.get(room, 1) - 1 :]

    def _bounds(self, room: str) -> dict[str, int]:
        return {"first": self._first.get(room, 1), "last": len(self._rooms[room])}


def _check_text(text: str) -> None:
    """Raises ValueError for a text that nobody may say."""
    if not text.strip():
        raise ValueError("The text is empty.")
    if len(text) > MAX_TEXT:
        raise ValueError(f"The text has more than {MAX_TEXT} characters.")
    if "\0" in text:
        raise ValueError("The text has the character U+0000.")


def _random() -> str:
    return secrets.token_hex(6)


class MemoryConnection:
    """One client's connection to a MemoryServer: the messages under way in both directions, as JSON text.

    name: "" before `welcome`. token: whose connection it is. rooms: in which the client is. closing: close code and
    reason once the server has closed.
    """

    def __init__(self, server: MemoryServer) -> None:
        self.to_server: deque[str] = deque()
        self.to_client: deque[str] = deque()
        self.name = ""
        self.token: object = None
        self.rooms: set[str] = set()
        self.closing: tuple[int, str] | None = None
        self._server = server
        server.connections.append(self)

    def send(self, **fields: object) -> None:
        """Send a message to the client."""
        self.to_client.append(json.dumps(fields))

    def send_error(self, request: Message, **fields: object) -> None:
        """Refuse a request."""
        about = {name: request[name] for name in ("room", "key", "number") if name in request}
        self.send(type="error", of=request["type"], **about, **fields)

    def close(self, code: int, reason: str) -> None:
        """Have the server close the connection, after what it has sent."""
        self.closing = (code, reason)

    def serve(self) -> bool:
        """Have the server answer the next message of the client; False when there is none."""
        if not self.to_server:
            return False
        self._server.receive(self, self.to_server.popleft())
        return True

    def end(self) -> None:
        """Lose the connection with everything that is under way. A second call does nothing."""
        self.to_server.clear()
        self.to_client.clear()
        if self in self._server.connections:
            self._server.connections.remove(self)
