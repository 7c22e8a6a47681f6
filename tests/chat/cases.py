"""The base class of the chat's tests."""

from typing import Any

from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from tests.chat.fakes import ChatHarness, FakeClient
from tests.database_troubles import database_troubles


class ChatTestCase(SynchronousTestCase):
    """Makes a chat for each test, with the `settings` of the class."""

    settings: dict[str, Any] = {}

    def setUp(self) -> None:
        self.chat = ChatHarness(**self.settings)
        self.database = self.chat.database
        self.addCleanup(self.database.connection.close)

    def refused(self, client: FakeClient, type: str, **fields: object) -> dict[str, Any]:
        """Returns the error that answers a request at once."""
        client.clear()
        client.send(type, **fields)
        (error,) = client.got()
        self.assertEqual("error", error["type"])
        self.assertEqual(type, error["of"])
        return error

    def code(self, client: FakeClient, type: str, **fields: object) -> object:
        return self.refused(client, type, **fields)["code"]

    def answer(self, client: FakeClient, type: str, **fields: object) -> list[dict[str, Any]]:
        """Returns all events that the client gets until the database has no more work."""
        client.clear()
        client.send(type, **fields)
        self.database.settle()
        return client.got()

    def done(self, client: FakeClient, type: str, **fields: object) -> None:
        """Send a moderator's request and check that it is done."""
        about = {name: fields[name] for name in ("room", "number")} if type == "delete" else {}
        self.assertIn({"type": "done", "of": type, **about}, self.answer(client, type, **fields))

    def say(self, client: FakeClient, *texts: str, room: str = "lobby") -> None:
        for text in texts:
            client.send("say", room=room, text=text)
            self.database.settle()

    def join(self, client: FakeClient, room: str = "lobby", **fields: object) -> dict[str, Any]:
        """Join a room and return the event `joined`."""
        client.clear()
        client.send("join", room=room, **fields)
        self.database.settle()
        (joined,) = client.got("joined")
        return joined

    def failing(self) -> None:
        """Let the database fail once and check that the log has it."""
        with capturedLogs() as events:
            self.database.fail()
        self.assertEqual(1, len(database_troubles(events)))

    def rooms(self) -> dict[str, int]:
        """Returns the rooms and their numbers of members."""
        return {each.room: each.members for each in self.chat.dispatcher.overview()}
