"""Calls of the chat from another process return and raise what the chat itself does."""

import hmac
import json
import socket
import time
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.protocols.policies import WrappingFactory
from twisted.trial.unittest import TestCase
from twisted.web.server import Site

from mixsvc.chat.remote import RemoteChat, chat_answers
from mixsvc.chat.storage.records import StoredMessage
from mixsvc.embedded.chat_rpc import DATABASE_SLOTS, ChatRpcClient, ChatRpcServer
from mixsvc.errors import NameTaken, NoSuchRoom, ServiceBusy
from mixsvc.hooks.registry import HookRegistry
from mixsvc.interfaces import ChatMessage, ChatPage, IChat, RoomOverview
from mixsvc.threads.wait_limit import WaitLimit

TOKEN = b"the token of all processes"
MESSAGE = ChatMessage(41, "Bob", "anyone \u00fcber here?", 1_700_000_000.5, "action", False)
EDITED = MESSAGE.with_text("new", 1_700_000_060.5)
PAGE = ChatPage((MESSAGE, EDITED), 1, 41, "Plans", (3, 4), "e1", "41.f", True)


class Service:
    """Stands for the chat in the reactor thread; notes what it is asked for, and fails with `trouble`."""

    trouble: Exception | None = None

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []

    def rooms(self) -> list[str]:
        return ["lobby", "T\u00fcrk\u00e7e"]

    def members(self, room: str) -> tuple[str, ...]:
        return ("Ann", room)

    def overview(self) -> list[RoomOverview]:
        return [RoomOverview("lobby", 2, "Plans", 42)]

    def seen_by(self, person: str | None) -> "Deferred[list[RoomOverview]]":
        return succeed([RoomOverview("staff", 1, "", 3)] if person == "a" else [])

    def allows(self, *asked: object) -> "Deferred[bool]":
        self.asked.append(asked)
        return succeed(False)

    def revoke(self, *asked: object) -> "Deferred[None]":
        self.asked.append(asked)
        return succeed(None)

    def log_out(self, person: str) -> "Deferred[None]":
        self.asked.append(("log_out", person))
        return succeed(None)

    def look_at_logins(self) -> "Deferred[None]":
        self.asked.append(("look_at_logins",))
        return succeed(None)

    def answer(self, *said: object) -> "Deferred[Any]":
        self.asked.append(("answer", *said))
        return succeed(StoredMessage(MESSAGE))

    def claim(self, name: str, person: str) -> str:
        if self.trouble:
            raise self.trouble
        return f"{name}/{person}"

    def page(self, *asked: object) -> "Deferred[ChatPage]":
        self.asked.append(asked)
        return succeed(PAGE)

    def publish(self, *said: object) -> "Deferred[Any]":
        self.asked.append(said)
        return fail(self.trouble) if self.trouble else succeed(StoredMessage(MESSAGE, True))


def remote(find_port: Callable[[], int | None], token: bytes, seconds: float) -> RemoteChat:
    return RemoteChat(ChatRpcClient(find_port, token, seconds).ask, "/chat", WaitLimit(DATABASE_SLOTS))


class ChatRpcTests(TestCase):
    """A server on the loopback, called from a thread as views do."""

    def setUp(self) -> None:
        self.service: Any = Service()
        listen: Any = reactor
        # How far the clock is ahead when the server reads it next; after that it is right.
        self.ahead = [0.0]
        self.server = ChatRpcServer(chat_answers(self.service), TOKEN, self.wall)  # type: ignore[arg-type]  # has what is used of a ChatDispatcher
        self.connections = WrappingFactory(Site(self.server))
        self.port = listen.listenTCP(0, self.connections, interface="127.0.0.1")
        self.number: int = self.port.getHost().port
        self.addCleanup(self.ended)
        self.remote = self.remote_with(TOKEN)

    def wall(self) -> float:
        return time.time() + (self.ahead.pop() if self.ahead else 0.0)

    async def ended(self) -> None:
        """Wait until the port and its connections are closed."""
        await maybeDeferred(self.port.stopListening)
        while self.connections.protocols:
            await deferLater(reactor, 0)

    def remote_with(self, token: bytes, seconds: float = 30.0) -> RemoteChat:
        return remote(lambda: self.number, token, seconds)

    def call(self, method: str, *arguments: object, age: float = 0) -> tuple[int, bytes]:
        """Status and body of the response to a valid call that is so many seconds old."""
        body = json.dumps([method, arguments, time.time() - age]).encode()
        mac = hmac.new(TOKEN, body, "sha256").hexdigest()
        with closing(HTTPConnection("127.0.0.1", self.number, timeout=30)) as connection:
            connection.request("POST", "/", body, {"X-Mac": mac})
            response = connection.getresponse()
            return response.status, response.read()

    def status_of_call(self, age: float) -> int:
        return self.call("say", "lobby", "Ann", "x", None, age=age)[0]

    async def test_nobody_is_refused_while_the_chat_goes_from_one_process_to_another(self) -> None:
        # Longer than a call may last before others are refused: each one looks for a process every 0.1 s.
        looks = iter([None] * 25)
        another = remote(lambda: next(looks, self.number), TOKEN, 30.0)

        said = [deferToThread(another.say, "lobby", "Ann", f"{number}", "key") for number in range(DATABASE_SLOTS + 3)]

        assert [await each for each in said] == [41] * len(said)

    async def test_whoever_asks_a_process_that_stops_asks_its_successor(self) -> None:
        self.service.trouble = ServiceBusy("the service is stopping")
        self.server.stop()
        said = deferToThread(self.remote.claim, "Ann", "p")
        while not self.connections.protocols:
            await deferLater(reactor, 0)
        while self.connections.protocols:
            await deferLater(reactor, 0)

        # In the place of another process.
        self.service.trouble = None

        assert await said == "Ann/p"

    async def test_a_process_that_stops_says_what_is_wrong_with_a_call(self) -> None:
        self.service.trouble = NameTaken("taken", "Ann 2")
        self.server.stop()

        with self.assertRaises(NameTaken):
            await deferToThread(self.remote.claim, "Ann", "p")

    async def test_every_method_returns_what_the_chat_returns(self) -> None:
        assert await deferToThread(self.remote.rooms) == ["lobby", "T\u00fcrk\u00e7e"]
        assert await deferToThread(self.remote.members, "lobby") == ["Ann", "lobby"]
        assert await deferToThread(self.remote.overview) == [RoomOverview("lobby", 2, "Plans", 42)]
        assert await deferToThread(self.remote.claim, "Ann", "p") == "Ann/p"
        assert await deferToThread(self.remote.say, "lobby", "Ann", "\u00fc", "key") == 41
        page = await deferToThread(self.remote.page, "lobby", None, 5)
        assert (page.messages, page.first, page.last, page.topic) == ([MESSAGE, EDITED], 1, 41, "Plans")
        assert (list(page.deleted), page.epoch, page.token, page.is_reset) == ([3, 4], "e1", "41.f", True)
        assert self.service.asked == [("lobby", "Ann", "\u00fc", "key"), ("lobby", None, 5)]

    async def test_a_process_of_an_older_version_gets_the_page_that_it_knows(self) -> None:
        status, body = await deferToThread(self.call, "page", "lobby", None, 5)

        messages, *others = json.loads(body)["value"]
        assert (status, len(messages), others) == (200, 2, [1, 41, "Plans", [3, 4]])
        assert len(messages[0]) == 6

    def test_it_has_every_method_of_the_chat(self) -> None:
        names: Any = IChat
        of_each_process = {"prefix", "asks_permission", "on_message", "may"}
        assert set(names.names()) - of_each_process <= set(dir(RemoteChat))

    async def test_permissions_are_asked_for_and_revoked_where_the_chat_is(self) -> None:
        assert await deferToThread(self.remote.seen_by, "a") == [RoomOverview("staff", 1, "", 3)]
        assert await deferToThread(self.remote.seen_by, None) == []
        assert await deferToThread(self.remote.allows, None, "moderate", None) is False
        await deferToThread(self.remote.revoke, "a", "staff")
        await deferToThread(self.remote.log_out, "a")
        await deferToThread(self.remote.look_at_logins)
        asked = [(None, "moderate", None), ("a", "staff"), ("log_out", "a"), ("look_at_logins",)]
        assert self.service.asked == asked

    async def test_what_a_hook_says_is_an_answer_there_too(self) -> None:
        registry = HookRegistry()
        registry.on_message(lambda message: str(self.remote.say("lobby", "Bot", message.text, "k")))

        answers = await deferToThread(registry.call, "message", ["lobby", 1, "Ann", None, "hi", 1.5, ""])

        assert (answers, self.service.asked) == ([["", "41"]], [("answer", "lobby", "Bot", "hi", "k")])

    async def test_an_error_of_the_chat_is_raised_in_the_calling_process(self) -> None:
        for error in (NoSuchRoom("no room"), ValueError("bad text"), ServiceBusy("not now")):
            self.service.trouble = error
            with self.assertRaises(type(error)) as raised:
                await deferToThread(self.remote.say, "lobby", "Ann", "x")
            assert type(raised.exception) is type(error) and str(raised.exception) == str(error)

    async def test_a_taken_name_comes_with_a_suggestion(self) -> None:
        self.service.trouble = NameTaken("taken", "Ann2")

        with self.assertRaises(NameTaken) as raised:
            await deferToThread(self.remote.claim, "Ann", "p")

        assert (str(raised.exception), raised.exception.suggestion) == ("taken", "Ann2")

    async def test_while_the_database_hangs_other_threads_are_refused_soon(self) -> None:
        hanging: list[Deferred[ChatPage]] = []

        def page(*asked: object) -> "Deferred[ChatPage]":
            hanging.append(Deferred())
            return hanging[-1]

        self.service.page = page
        inside = [deferToThread(self.remote.page, "lobby", None, 5) for _ in range(DATABASE_SLOTS)]
        while len(hanging) < DATABASE_SLOTS:
            await deferLater(reactor, 0)

        with self.assertRaises(ServiceBusy):
            await deferToThread(self.remote.page, "lobby", None, 5)
        assert await deferToThread(self.remote.claim, "Ann", "p") == "Ann/p"
        for each in hanging:
            each.callback(PAGE)
        assert [(await each).last for each in inside] == [PAGE.last] * DATABASE_SLOTS

    async def test_an_unexpected_error_is_logged_by_the_server_and_busy_for_the_caller(self) -> None:
        self.service.trouble = ZeroDivisionError()

        with self.assertRaises(ServiceBusy):
            await deferToThread(self.remote.say, "lobby", "Ann", "x")

        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 1

    async def test_a_process_that_does_not_know_a_method_yet_is_asked_once(self) -> None:
        older = ChatRpcClient(lambda: self.number, TOKEN, 30.0)

        with self.assertRaises(ServiceBusy):
            await deferToThread(older.ask, "look_at_stars", (), WaitLimit(1).slot)

        assert len(self.flushLoggedErrors(KeyError)) == 1

    async def test_a_call_with_another_token_is_refused(self) -> None:
        with self.assertRaises(ServiceBusy):
            await deferToThread(self.remote_with(b"another token").say, "lobby", "Ann", "x")

        assert self.service.asked == []

    async def test_an_old_call_is_refused(self) -> None:
        assert await deferToThread(self.status_of_call, age=3600) == 403
        assert self.service.asked == []

        assert await deferToThread(self.status_of_call, age=0) == 200

    async def test_a_call_during_which_the_clock_is_set_is_run_once(self) -> None:
        self.ahead = [-3600.0]

        assert await deferToThread(self.remote.say, "lobby", "Ann", "x") == 41
        assert len(self.service.asked) == 1

    async def test_a_chat_that_does_not_answer_in_time_is_busy(self) -> None:
        self.service.page = lambda *asked: Deferred()

        with self.assertRaises(ServiceBusy):
            await deferToThread(self.remote_with(TOKEN, 0.05).page, "lobby", None, 5)

    async def test_a_process_that_has_ended_is_busy_if_none_takes_its_place(self) -> None:
        await self.port.stopListening()

        with self.assertRaises(ServiceBusy):
            await deferToThread(self.remote_with(TOKEN, 0.3).rooms)

    async def test_a_call_waits_for_the_process_that_takes_the_chat_over(self) -> None:
        ports = iter([None, 1, None])
        chat = remote(lambda: next(ports, self.number), TOKEN, 30)

        assert await deferToThread(chat.rooms) == ["lobby", "T\u00fcrk\u00e7e"]

    async def test_a_text_whose_answer_was_lost_is_said_again_with_the_same_key(self) -> None:
        asked: list[bytes] = []
        dropping = socket.create_server(("127.0.0.1", 0))

        def drop() -> None:
            connection, _ = dropping.accept()
            with connection, dropping:
                # The body is a list in JSON.
                while not asked or not asked[-1].endswith(b"]"):
                    asked.append(connection.recv(65536))

        dropped = deferToThread(drop)
        ports = iter([dropping.getsockname()[1]])
        chat = remote(lambda: next(ports, self.number), TOKEN, 30)

        assert await deferToThread(chat.say, "lobby", "Ann", "x") == 41
        await dropped

        (said,) = self.service.asked
        assert said[:3] == ("lobby", "Ann", "x")
        assert str(said[3]).encode() in b"".join(asked)

    def test_no_process_at_all_is_busy(self) -> None:
        with self.assertRaises(ServiceBusy):
            remote(lambda: None, TOKEN, 0.3).rooms()

    def test_nobody_waits_where_it_is_of_no_use(self) -> None:
        def find() -> int | None:
            raise ServiceBusy("the chat cannot be served now")

        with self.assertRaises(ServiceBusy) as raised:
            remote(find, TOKEN, 3600).rooms()

        assert str(raised.exception) == "the chat cannot be served now"
