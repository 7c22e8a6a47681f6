"""What the tests of the chat have in common."""

import sqlite3
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.chat.fakes import ChatHarness, FakeClient


class ChatTestCase(SynchronousTestCase):
    """Each test has a chat of its own; `settings` are those of the class."""

    settings: dict[str, Any] = {}

    def setUp(self) -> None:
        self.chat = ChatHarness(**self.settings)
        self.database = self.chat.database
        self.addCleanup(self.database.connection.close)

    def refused(self, client: FakeClient, type: str, **fields: object) -> dict[str, Any]:
        """The error that a request is answered by at once."""
        client.clear()
        client.send(type, **fields)
        (error,) = client.got()
        self.assertEqual("error", error["type"])
        self.assertEqual(type, error["of"])
        return error

    def code(self, client: FakeClient, type: str, **fields: object) -> object:
        return self.refused(client, type, **fields)["code"]

    def answer(self, client: FakeClient, type: str, **fields: object) -> list[dict[str, Any]]:
        """All that the client gets until the database has nothing to do any more."""
        client.clear()
        client.send(type, **fields)
        self.database.settle()
        return client.got()

    def done(self, client: FakeClient, type: str, **fields: object) -> None:
        """A moderator's request is done."""
        self.assertIn({"type": "done", "of": type}, self.answer(client, type, **fields))

    def say(self, client: FakeClient, *texts: str, room: str = "lobby") -> None:
        for text in texts:
            client.send("say", room=room, text=text)
            self.database.settle()

    def join(self, client: FakeClient, room: str = "lobby", **fields: object) -> dict[str, Any]:
        """What `joined` says."""
        client.clear()
        client.send("join", room=room, **fields)
        self.database.settle()
        (joined,) = client.got("joined")
        return joined

    def failing(self) -> None:
        """The database fails once, which is logged."""
        self.database.fail()
        self.assertEqual(1, len(self.flushLoggedErrors(sqlite3.OperationalError)))

    def rooms(self) -> dict[str, int]:
        """The rooms that there are, and how many are inside."""
        return {each.room: each.members for each in self.chat.dispatcher.overview()}
