"""One chat for all processes of a host that share a database: one process serves it, the others call that process.

The process that holds a lock beside the database serves the chat, on [chat] listen for browsers and on a loopback port
for the other processes; a file beside the lock says where. The system releases the lock when its process ends, however
it ends, and another process takes it within a second.
"""

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IListeningPort
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from zope.interface import implementer

from mixsvc.chat.facade import ChatFacade
from mixsvc.chat.remote import RemoteChat, chat_answers
from mixsvc.chat.service import ChatService
from mixsvc.config.chat_url import first_port
from mixsvc.config.secret_files import api_token, secret_key
from mixsvc.config.settings import Settings
from mixsvc.embedded.chat_rpc import DATABASE_PLACES, ChatRpcClient, ChatRpcServer
from mixsvc.embedded.shared_topics import SharedTopics
from mixsvc.errors import MixError, ServiceBusy
from mixsvc.holds.elsewhere import ClientRedirect
from mixsvc.holds.holder import ClientHolder
from mixsvc.holds.resource import ChatAndTickets
from mixsvc.holds.tickets import HoldTickets
from mixsvc.hooks.registry import hooks
from mixsvc.http.listening import open_port
from mixsvc.http.routing import ChatOnlyRoot
from mixsvc.http.site import MixSite
from mixsvc.interfaces import ChatPage, IChat, RoomOverview
from mixsvc.interfaces.hooks import MAY
from mixsvc.pages.chat_url import ChatUrl
from mixsvc.shutdown import StopDeadline
from mixsvc.storage.lock import DatabaseLock, refuse_beside_service
from mixsvc.threads.places import AskInPlace, Place, Places
from mixsvc.threads.pool import DaemonThreadPool
from mixsvc.topics.facade import TopicsFacade
from mixsvc.topics.remote import RemoteTopics, topic_answers
from mixsvc.topics.service import TopicsService

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

__all__ = ["LISTEN", "ChatHost", "ServedParts"]

LISTEN: Final = "[chat] listen"

# How the names of the topics' methods begin for other processes.
TOPICS: Final = "topics."

# The member of the location's file with the port for other processes. Processes of an older version, which run while a
# host restarts its workers one by one, read and write this name, and accept no members besides it and "port".
RPC_PORT: Final = "desk"

# How often a process tries to take the lock, and how long it waits when it could not serve the chat, in seconds.
LOCK_SECONDS: Final = 0.25
RETRY_SECONDS: Final = 1.0

# How long a call to another process may take, in seconds.
REMOTE_SECONDS: Final = 5.0


@dataclass(frozen=True)
class ServedParts:
    """What the process serves that has the lock."""

    chat: ChatService
    topics: TopicsService
    holder: ClientHolder

    def answers(self) -> Mapping[str, Callable[..., Any]]:
        """The methods that other processes may call."""
        topics = {f"{TOPICS}{name}": method for name, method in topic_answers(self.topics).items()}
        return {**chat_answers(self.chat.dispatcher), **topics}


@dataclass(frozen=True)
class ChatLocation:
    """Where the chat is. port: for browsers, if it has a TCP port. rpc_port: for the other processes."""

    port: int | None = None
    rpc_port: int | None = None


class ChatLock:
    """The right to serve the chat, which the owner of the database has, and a file that says where the chat is."""

    _is_ours = False

    def __init__(self, database: str) -> None:
        self._lock = DatabaseLock(database)
        self._location_path = f"{os.path.realpath(database)}-chat.place"

    def acquire(self) -> bool:
        """Try to take the lock; returns whether this process has it now. Raises OSError if that fails."""
        is_ours = self._lock.acquire()
        if is_ours:
            self._is_ours = True
            self._remove_location()
        return is_ours

    def release(self) -> None:
        """Let another process take the lock. Does nothing if this process does not have it."""
        if self._is_ours:
            self._is_ours = False
            self._remove_location()
            self._lock.release()

    def refuse_beside_service(self, path: str) -> None:
        """Raise DatabaseUnusable if a twistd service has the lock, and serves a chat by itself."""
        refuse_beside_service(self._lock, path)

    def publish(self, location: ChatLocation) -> None:
        """Tell the other processes where the chat is; called by the process that has the lock."""
        draft = f"{self._location_path}.new"
        with open(draft, "w") as file:
            json.dump({"port": location.port, RPC_PORT: location.rpc_port}, file)
        os.replace(draft, self._location_path)

    def location(self) -> ChatLocation:
        """Where the chat is, as far as is known. Called in any thread of any process."""
        try:
            with open(self._location_path) as file:
                fields = json.load(file)
            return ChatLocation(fields["port"], fields[RPC_PORT])
        except (OSError, ValueError, TypeError, LookupError):
            return ChatLocation()

    def _remove_location(self) -> None:
        with suppress(FileNotFoundError):
            os.unlink(self._location_path)


class ChatHost:
    """Serves the chat in this process while it has the lock. Used in the reactor thread, except for the facade."""

    _log = Logger()

    def __init__(
        self, reactor: Any, settings: Settings, make: Callable[[], ServedParts], helpers: DaemonThreadPool
    ) -> None:
        """make: builds the chat and the topics, new ones for each attempt. helpers: threads for what blocks."""
        self._reactor = reactor
        self._settings = settings
        self._make = make
        self._helpers = helpers
        self._token = api_token(settings.chat.token_file)
        self._lock = ChatLock(settings.storage.path)
        self._ports: list[IListeningPort] = []
        self._sites: list[MixSite] = []
        self._loop = LoopingCall(lambda: Deferred.fromCoroutine(self._attempt()))
        self._loop.clock = reactor
        self._ended: Deferred[Any] = succeed(None)
        self._last_error = ""
        self._retry_at = float("-inf")
        self._first_attempt: Deferred[None] = Deferred()
        self.chat: ChatService | None = None
        self.topics: TopicsService | None = None
        self._holder: ClientHolder | None = None
        # Signed with the key of the sessions, which all processes have.
        self._tickets = HoldTickets(_key(settings), time.time)
        self._location = ChatLocation()
        self.private_rooms = settings.chat.private_rooms
        # Pages name this port while no process serves the chat: the next one will be there.
        self._usual_port = first_port(settings.chat.listen)
        self._make_facades(settings)

    def _make_facades(self, settings: Settings) -> None:
        """What views see, in any thread."""
        client = ChatRpcClient(self.rpc_port, self._token, REMOTE_SECONDS)
        remote = RemoteChat(client.ask, settings.chat.prefix, Places(DATABASE_PLACES))
        self._chat_url = ChatUrl(settings.chat.url, settings.chat.prefix)
        self.facade = SharedChat(self, remote, self._chat_url)
        ask = partial(_ask_topics, client.ask)
        self.elsewhere = ClientRedirect(self._tickets, self._url_for)
        self.topics_facade = SharedTopics(self._own_topics, RemoteTopics(ask, Places(DATABASE_PLACES)))

    def start(self) -> "Deferred[None]":
        """Serve the chat unless another process does, and take over when that process ends.

        Fires after the first attempt, and does not fail.
        """
        self._ended = self._loop.start(LOCK_SECONDS)
        return self._first_attempt

    async def stop(self, deadline: StopDeadline) -> None:
        """End what this process serves, within shares of the deadline."""
        if self._loop.running:
            self._loop.stop()
        # First, as ports that an attempt is opening have to be closed as well.
        await deadline.share(0.2, "an attempt to serve the chat", lambda: self._ended)
        for port in self._ports:
            await deadline.share(0.3, "closing the chat's port", lambda port=port: maybeDeferred(port.stopListening))  # type: ignore[misc]
        if self.chat is not None:
            await deadline.share(0.7, "the chat's clients", self.chat.close)
        if self._holder is not None:
            await deadline.share(0.75, "the clients that are held", self._holder.stop)
        if self.chat is not None:
            await deadline.share(0.8, "storing messages", self.chat.flush)
        if self.topics is not None:
            await deadline.share(0.85, "storing events", self.topics.stop)
            await deadline.share(0.85, "closing their database", self.topics.close_own_database)
        self._lock.release()

    def abandon(self) -> None:
        """In a forked process: close the parent's ports here, so that they are free when the parent has ended."""
        for port in self._ports:
            # Twisted's ports have this attribute until they are closed.
            socket = getattr(port, "socket", None)
            if socket is not None:
                socket.close()

    def browser_port(self) -> int | None:
        """The port for browsers, as far as is known; also while no process serves the chat. Called in any thread."""
        location = self._location if self.chat is not None else self._lock.location()
        self._usual_port = location.port or self._usual_port
        return self._usual_port

    def rpc_port(self) -> int | None:
        """The port of the process that serves the chat; None while none does. Called in any thread.

        Raises ServiceBusy if this process has just tried to, and could not.
        """
        port = self._lock.location().rpc_port
        if port is None and self._last_error:
            raise ServiceBusy("the chat cannot be served now, as the log says; try again later")
        return port

    async def _attempt(self) -> None:
        if self._reactor.seconds() < self._retry_at:
            return
        try:
            if self._lock.acquire():
                await self._serve()
            else:
                self._lock.refuse_beside_service(self._settings.storage.path)
                self._last_error = ""
        except (MixError, OSError) as error:
            self._give_up(str(error))
        except Exception:
            self._log.failure("mixsvc: the chat could not be started here")
            self._give_up("")
        self._attempt_is_over()

    async def _serve(self) -> None:
        parts = self._make()
        chat = parts.chat
        memory = await self._helpers.defer(chat.prepare)
        await self._listen(parts)
        # Before the chat begins: if this fails, nothing of it runs on. Nobody is answered before this turn is over.
        self._lock.publish(self._location)
        chat.start(memory)
        parts.topics.start()
        self.chat, self.topics, self._holder = chat, parts.topics, parts.holder
        self._last_error = ""
        self._log.info("mixsvc: the chat is served here, on port {port}", port=self._location.port)
        self._loop.stop()

    async def _listen(self, parts: ServedParts) -> None:
        resource = ChatAndTickets(parts.chat.resource, parts.holder, self._tickets)
        root = ChatOnlyRoot(resource, self._settings.chat.prefix)
        self._sites = [MixSite(self._reactor, root, self._settings)]
        for description in self._settings.chat.listen:
            self._ports.append(await open_port(self._reactor, description, self._sites[0], LISTEN))
        rpc = MixSite(self._reactor, ChatRpcServer(parts.answers(), self._token), _for_any_host(self._settings))
        self._ports.append(self._reactor.listenTCP(0, rpc, interface="127.0.0.1"))
        # A UNIX socket has no port number.
        *found, rpc_port = [getattr(port.getHost(), "port", None) for port in self._ports]
        self._location = ChatLocation(next((port for port in found if port), None), rpc_port)

    def _give_up(self, error: str) -> None:
        """Release everything until the next attempt; log an error once as long as it stays the same."""
        for port in self._ports:
            port.stopListening()
        self._ports = []
        self._lock.release()
        self._retry_at = self._reactor.seconds() + RETRY_SECONDS
        if error and error != self._last_error:
            self._last_error = error
            self._log.critical("mixsvc: there is no chat: {error}", error=error)

    def _url_for(self, environ: "WSGIEnvironment") -> str:
        """The URL of the chat for who has sent a request. Called in any thread."""
        host = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")
        return self._chat_url.url_for(self.browser_port(), environ["wsgi.url_scheme"], host)

    def _own_topics(self) -> TopicsFacade | None:
        return self.topics.facade if self.topics is not None else None

    def _attempt_is_over(self) -> None:
        if not self._first_attempt.called:
            self._first_attempt.callback(None)


def _key(settings: Settings) -> bytes:
    # Without a file nobody else could read the tickets; a host without one has one process.
    return secret_key(settings.web.secret_key_file) if settings.web.secret_key_file else os.urandom(32)


def _ask_topics(ask: AskInPlace, method: str, arguments: Sequence[object], place: Place) -> Any:
    return ask(TOPICS + method, arguments, place)


def _for_any_host(settings: Settings) -> Settings:
    """Settings of a site for other processes, which ask 127.0.0.1: [server] hosts names what browsers ask for."""
    return replace(settings, server=replace(settings.server, hosts=()))


@implementer(IChat)
class SharedChat:
    """The chat for views: that of this process if it serves one, else that of another process. Used in any thread."""

    on_message = staticmethod(hooks.on_message)
    may = staticmethod(hooks.may)

    def __init__(self, host: ChatHost, remote: RemoteChat, chat_url: ChatUrl) -> None:
        self._host = host
        self._remote = remote
        self._chat_url = chat_url

    @property
    def prefix(self) -> str:
        """The URL of the SockJS endpoint for the request that this thread answers; see ChatUrl."""
        return self._chat_url.url(self._host.browser_port())

    @property
    def asks_permission(self) -> bool:
        """See IChat. All processes of the host have the same settings and import the same application."""
        return bool(self._host.private_rooms) or MAY in hooks.names

    def seen_by(self, person: str | None) -> Sequence[RoomOverview]:
        """See IChat."""
        return self._chat().seen_by(person)

    def allows(self, person: str | None, action: str, room: str | None) -> bool:
        """See IChat."""
        return self._chat().allows(person, action, room)

    def revoke(self, person: str | None, room: str) -> None:
        """See IChat."""
        self._chat().revoke(person, room)

    def log_out(self, person: str) -> None:
        """See IChat."""
        self._chat().log_out(person)

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
