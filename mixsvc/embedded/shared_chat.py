"""The chat of all processes of a host that share a database: one serves it, and the others know where it is."""

import fcntl
import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Final

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IListeningPort
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from zope.interface import implementer

from mixsvc.chat.facade import ChatFacade
from mixsvc.chat.service import ChatService
from mixsvc.config.secret_files import api_token
from mixsvc.config.settings import Settings
from mixsvc.embedded.chat_rpc import Desk, RemoteChat
from mixsvc.errors import MixError
from mixsvc.http.listening import open_port
from mixsvc.http.routing import Annex
from mixsvc.http.site import MixSite
from mixsvc.interfaces import ChatPage, IChat, RoomOverview
from mixsvc.pages.chat_url import ChatUrl
from mixsvc.shutdown import Deadline
from mixsvc.threads.pool import DaemonThreadPool

__all__ = ["LISTEN", "ChatHost"]

LISTEN: Final = "[chat] listen"

# How soon another process takes over from one that has ended, in seconds.
CLAIM_SECONDS: Final = 1.0

# How long a question to another process may take, in seconds.
REMOTE_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Place:
    """Where the chat is. port: for browsers, if it is a TCP port; desk: for the other processes."""

    port: int | None = None
    desk: int | None = None


class Claim:
    """The right to serve the chat, which one process at a time has: a lock that ends with it, however it ends.

    Where the chat is stands in a file beside it. A lock of this kind is lost when its process closes the file a second
    time, so there are two files.
    """

    def __init__(self, database: str) -> None:
        self._lock_path, self._place_path = f"{database}-chat.lock", f"{database}-chat.place"
        self._handle: int | None = None

    def take(self) -> bool:
        """Whether it is ours now. Raises OSError for a file that cannot be made."""
        handle = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return False
        self._handle = handle
        self._forget_place()
        return True

    def drop(self) -> None:
        """Let another process have it; harmless where it is not ours."""
        if self._handle is not None:
            self._forget_place()
            os.close(self._handle)
            self._handle = None

    def publish(self, place: Place) -> None:
        """Tell the others."""
        draft = f"{self._place_path}.new"
        with open(draft, "w") as file:
            json.dump(asdict(place), file)
        os.replace(draft, self._place_path)

    def place(self) -> Place:
        """Where the chat is, as far as that is known; any thread of any process."""
        try:
            with open(self._place_path) as file:
                return Place(**json.load(file))
        except (OSError, ValueError, TypeError):
            return Place()

    def _forget_place(self) -> None:
        with suppress(FileNotFoundError):
            os.unlink(self._place_path)


class ChatHost:
    """This process's part in it. Belongs to the reactor thread, but for the facade."""

    _log = Logger()

    def __init__(
        self, reactor: Any, settings: Settings, make: Callable[[], ChatService], helpers: DaemonThreadPool
    ) -> None:
        """make: builds the chat of this process, anew for each try. helpers: run what blocks."""
        self._reactor = reactor
        self._settings = settings
        self._make = make
        self._helpers = helpers
        self._token = api_token(settings.chat.token_file)
        self._claim = Claim(settings.storage.path)
        self._ports: list[IListeningPort] = []
        self._sites: list[MixSite] = []
        self._loop = LoopingCall(lambda: Deferred.fromCoroutine(self._try()))
        self._loop.clock = reactor
        self._ended: Deferred[Any] = succeed(None)
        self._complaint = ""
        self._first: Deferred[None] = Deferred()
        self.chat: ChatService | None = None
        self.place = Place()
        remote = RemoteChat(lambda: self._claim.place().desk, self._token, REMOTE_SECONDS)
        # What views see, in any thread.
        self.facade = SharedChat(self, remote, ChatUrl(settings.chat.url, settings.chat.prefix))

    def start(self) -> "Deferred[None]":
        """Serve the chat unless another process does, and take over when that one ends.

        Fires once it is known who serves it; never fails.
        """
        self._ended = self._loop.start(CLAIM_SECONDS)
        return self._first

    async def stop(self, deadline: Deadline) -> None:
        """End what is served here, within the deadline's share for it."""
        if self._loop.running:
            self._loop.stop()
        # What is being opened now has to be closed afterwards.
        await deadline.share(0.2, "a try to serve the chat", lambda: self._ended)
        for port in self._ports:
            await deadline.share(0.3, "closing the chat's port", lambda port=port: maybeDeferred(port.stopListening))  # type: ignore[misc]
        if self.chat is not None:
            await deadline.share(0.7, "the chat's clients", self.chat.close)
            await deadline.share(0.8, "storing what was said", self.chat.flush)
        self._claim.drop()

    def abandon(self) -> None:
        """In a forked process: close what is the parent's, so that the ports are free when the parent has ended."""
        for port in self._ports:
            # Every port of Twisted's has one until it is closed.
            socket = getattr(port, "socket", None)
            if socket is not None:
                socket.close()

    def whereabouts(self) -> Place:
        """Where the chat is; any thread."""
        return self.place if self.chat is not None else self._claim.place()

    async def _try(self) -> None:
        try:
            if self._claim.take():
                await self._serve()
        except (MixError, OSError) as error:
            self._give_up(str(error))
        except Exception:
            self._log.failure("mixsvc: the chat could not be started here")
            self._give_up("")
        self._first_try_is_over()

    async def _serve(self) -> None:
        chat = self._make()
        memory = await self._helpers.defer(chat.prepare)
        await self._listen(chat)
        chat.start(memory)
        self.chat = chat
        self._claim.publish(self.place)
        # Said when it is true.
        self._log.info("mixsvc: the chat is served here, on port {port}", port=self.place.port)
        # Nothing is left to be tried.
        self._loop.stop()

    async def _listen(self, chat: ChatService) -> None:
        self._sites = [MixSite(self._reactor, Annex(chat.resource, self._settings.chat.prefix), self._settings)]
        for description in self._settings.chat.listen:
            self._ports.append(await open_port(self._reactor, description, self._sites[0], LISTEN))
        desk = MixSite(self._reactor, Desk(chat.dispatcher, self._token), self._settings)
        self._ports.append(self._reactor.listenTCP(0, desk, interface="127.0.0.1"))
        # A socket of the file system has no number.
        *found, behind = [getattr(port.getHost(), "port", None) for port in self._ports]
        self.place = Place(next((port for port in found if port), None), behind)

    def _give_up(self, complaint: str) -> None:
        """Try again later; what is wrong is said once."""
        for port in self._ports:
            port.stopListening()
        self._ports = []
        self._claim.drop()
        if complaint and complaint != self._complaint:
            self._complaint = complaint
            self._log.critical("mixsvc: there is no chat: {complaint}", complaint=complaint)

    def _first_try_is_over(self) -> None:
        if not self._first.called:
            self._first.callback(None)


@implementer(IChat)
class SharedChat:
    """The chat for views: the one of this process, else that of another."""

    def __init__(self, host: ChatHost, remote: RemoteChat, elsewhere: ChatUrl) -> None:
        self._host = host
        self._remote = remote
        self._elsewhere = elsewhere

    @property
    def prefix(self) -> str:
        """The URL of the SockJS endpoint for the request in hand; see ChatUrl."""
        return self._elsewhere.url(self._host.whereabouts().port)

    def rooms(self) -> Sequence[str]:
        """See IChat; ServiceBusy as below."""
        return self._chat().rooms()

    def overview(self) -> Sequence[RoomOverview]:
        """See IChat; ServiceBusy as below."""
        return self._chat().overview()

    def members(self, room: str) -> Sequence[str]:
        """See IChat; ServiceBusy as below."""
        return self._chat().members(room)

    def page(self, room: str, before: int | None, limit: int) -> ChatPage:
        """See IChat."""
        return self._chat().page(room, before, limit)

    def claim(self, name: str, person: str) -> str:
        """See IChat."""
        return self._chat().claim(name, person)

    def say(self, room: str, name: str, text: str, key: str | None = None) -> int:
        """See IChat. ServiceBusy also where the process that serves the chat has just ended."""
        return self._chat().say(room, name, text, key)

    def _chat(self) -> ChatFacade | RemoteChat:
        chat = self._host.chat
        return chat.facade if chat is not None else self._remote
