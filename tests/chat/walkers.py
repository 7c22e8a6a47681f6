"""People who use a chat at random, and what each of their windows shows."""

from typing import Any

from mixsvc.interfaces import Identity
from tests.chat.fakes import ChatHarness, FakeClient


class Room:
    """What a window has shown of a room, over all its connections, and the members that it knows of."""

    def __init__(self) -> None:
        self.shown: list[tuple[int, str]] = []
        # The newest that came: it is sent with the number of the last message.
        self.token: str | None = None
        self.members: set[str] | None = None

    def last(self) -> int:
        return self.shown[-1][0] if self.shown else 0

    def add(self, messages: list[dict[str, Any]]) -> None:
        self.shown += [(each["number"], each["text"]) for each in messages]

    def delete(self, numbers: list[int]) -> None:
        self.shown = [(number, "" if number in numbers else text) for number, text in self.shown]


class Window:
    """A window of a person; the other one has the same token, or the same session."""

    def __init__(self, chat: ChatHarness, name: str, index: int) -> None:
        self.chat = chat
        self.name = name
        self.label = f"{name} {index}"
        self.rooms: dict[str, Room] = {}
        self.acknowledged: dict[tuple[str, str], int] = {}
        self.said = 0
        self.latest = ("lobby", "nothing")
        self.client = self.connect()

    def room(self, name: str) -> Room:
        return self.rooms.setdefault(name, Room())

    def connect(self) -> FakeClient:
        identity = Identity("m", self.name, moderator=True) if self.name == "Mia" else None
        client = self.chat.client(identity)
        client.transport.on_write = lambda: self.read(client.transport.received[-1])
        client.send("hello", name=self.name, token=f"the token of {self.name}")
        return client

    def read(self, message: dict[str, Any]) -> None:
        if "room" in message and message["type"] != "error":
            self.read_room(message, self.room(message["room"]))

    def read_room(self, message: dict[str, Any], room: Room) -> None:
        match message["type"]:
            case "joined":
                if message["reset"]:
                    room.shown.clear()
                room.token = message["token"]
                room.add(message["messages"])
                room.delete(message["deleted"])
                room.members = set(message["members"])
            case "message":
                room.token = message["token"]
                room.add([message])
            case "deleted":
                room.delete([message["number"]])
            case "said":
                # The same key always has the same number.
                address = (message["room"], message["key"])
                assert self.acknowledged.setdefault(address, message["number"]) == message["number"]
            case "left":
                room.members = None
            case "kicked" if message["name"] == self.name:
                room.members = None
            case "came" if room.members is not None:
                assert message["name"] not in room.members
                room.members.add(message["name"])
            case "went" | "kicked" if room.members is not None:
                room.members.remove(message["name"])

    def join(self, room: str, number: int) -> None:
        self.client.send("join", room=room, since=self.room(room).last(), token=self.room(room).token)

    def leave(self, room: str, number: int) -> None:
        self.client.send("leave", room=room)

    def say(self, room: str, number: int) -> None:
        self.said += 1
        self.latest = (room, f"{self.label} {self.said}")
        self.say_again(room, number)

    def say_again(self, room: str, number: int) -> None:
        room, key = self.latest
        self.chat.clock.advance(0.001)
        self.client.send("say", room=room, text=key, key=key)

    def come_back(self, room: str, number: int) -> None:
        self.client.lose()
        self.reconnect()
        self.join(room, number)

    def delete(self, room: str, number: int) -> None:
        self.client.send("delete", room=room, number=number)

    def kick(self, room: str, number: int) -> None:
        self.client.send("kick", room=room, name=("Ann", "Bob")[number % 2])

    def reconnect(self) -> None:
        for room in self.rooms.values():
            room.members = None
        self.client = self.connect()
