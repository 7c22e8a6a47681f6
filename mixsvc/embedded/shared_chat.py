"""One chat for all processes of a host that share a SQLite file: one process serves it, the others call that process.

The process that has its turn serves the chat, on [chat] listen for browsers and on a loopback port for the other
processes.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol

from twisted.internet.defer import Deferred
from zope.interface import implementer

from mixsvc.chat.facade import ChatFacade
from mixsvc.chat.remote import RemoteChat, chat_answers
from mixsvc.chat.service import ChatService
from mixsvc.chat.storage.stored_state import StoredState
from mixsvc.common.records import record
from mixsvc.config.chat_url import first_port
from mixsvc.config.secret_files import api_token
from mixsvc.config.settings import ChatSettings, Settings
from mixsvc.embedded.chat_rpc import DATABASE_SLOTS, ChatRpcClient, ChatRpcServer
from mixsvc.embedded.ports import ChatPorts
from mixsvc.embedded.shared_topics import SharedTopics
from mixsvc.embedded.tickets import HostTickets
from mixsvc.embedded.turns import ChatLock, Turns
from mixsvc.errors import ServiceBusy
from mixsvc.holds.holder import ClientHolder
from mixsvc.hooks.registry import hooks
from mixsvc.interfaces import Authenticator, ChatPage, IChat, RoomOverview, SearchPage
from mixsvc.interfaces.hooks import MAY
from mixsvc.pages.chat_url import ChatUrl
from mixsvc.shutdown import StopDeadline
from mixsvc.threads.pool import DaemonThreadPool
from mixsvc.threads.wait_limit import AskInSlot, Slot, WaitLimit
from mixsvc.topics.facade import TopicsFacade
from mixsvc.topics.remote import RemoteTopics, topic_answers
from mixsvc.topics.service import TopicsService
from mixsvc.webhooks.service import WebhookService

__all__ = ["ChatHost", "HostOfChat", "ServedParts", "SharedChat"]

# How the names of the topics' methods begin for other processes.
TOPICS: Final = "topics."

# How long a call to another process may take, in seconds.
REMOTE_SECONDS: Final = 5.0


@record
class ServedParts:
    """What a process serves. Used in the reactor thread."""

    chat: ChatService
    topics: TopicsService
    holder: ClientHolder
    webhooks: WebhookService

    def answers(self) -> Mapping[str, Callable[..., Any]]:
        """The methods that other processes may call."""
        topics = {f"{TOPICS}{name}": method for name, method in topic_answers(self.topics).items()}
        return {**chat_answers(self.chat.dispatcher), **topics}

    def start(self, stored: StoredState | None) -> None:
        """Start all of it; stored: what the chat has prepared."""
        self.chat.start(stored)
        self.topics.start()
        self.webhooks.start()

    async def stop(self, deadline: StopDeadline) -> None:
        """End all of it, within shares of the deadline."""
        await deadline.share(0.7, "the chat's clients", self.chat.close)
        await deadline.share(0.75, "the clients that are held", self.holder.stop)
        await deadline.share(0.8, "storing messages", self.chat.flush)
        await deadline.share(0.85, "storing events", self.topics.stop)
        await deadline.share(0.85, "the webhooks", self.webhooks.stop)
        await deadline.share(0.85, "closing their database", self.topics.close_own_database)


class HostOfChat(Protocol):
    """What views need of a process that shares the chat with others. Used in any thread."""

    def browser_port(self) -> int | None:
        """The port for browsers, as far as is known; also while no process serves the chat."""

    def chat_of_views(self) -> ChatFacade | RemoteChat:
        """What views of this process read, and by which they speak."""


class ChatHost:
    """Serves the chat in this process while it has the lock. Used in the reactor thread, except for the facade."""

    def __init__(
        self,
        reactor: Any,
        settings: Settings,
        make: Callable[[], ServedParts],
        helpers: DaemonThreadPool,
        authenticate: Authenticator,
    ) -> None:
        """make: builds the chat and the topics, new ones for each attempt. helpers: threads for what blocks."""
        self._make = make
        self._helpers = helpers
        self._token = api_token(settings.chat.token_file)
        self._lock = ChatLock(settings.storage.path)
        self._ports = ChatPorts(reactor, settings)
        self._turns = Turns(reactor, self._lock, self._serve, self._ports.drop)
        self._served: ServedParts | None = None
        self._rpc: ChatRpcServer | None = None
        # Pages name this port while no process serves the chat: the next one will be there.
        self._usual_port = first_port(settings.chat.listen)
        client = ChatRpcClient(self.rpc_port, self._token, REMOTE_SECONDS)
        self._remote = RemoteChat(client.ask, settings.chat.prefix, WaitLimit(DATABASE_SLOTS))
        self.tickets = HostTickets(settings, self.browser_port, authenticate)
        # What views see, in any thread.
        self.facade = SharedChat(self, settings.chat)
        ask = partial(_ask_topics, client.ask)
        self.topics_facade = SharedTopics(self._own_topics, RemoteTopics(ask, WaitLimit(DATABASE_SLOTS)))

    def start(self) -> "Deferred[None]":
        """Serve the chat unless another process does, and take over when that process ends.

        Fires after the first attempt, and does not fail.
        """
        return self._turns.start()

    async def stop(self, deadline: StopDeadline) -> None:
        """End what this process serves, within shares of the deadline."""
        # First, as what an attempt is starting has to end as well.
        await deadline.share(0.2, "an attempt to serve the chat", self._turns.stop)
        if self._rpc is not None:
            self._rpc.stop()
        await self._ports.close(deadline)
        if self._served is not None:
            await self._served.stop(deadline)
        self._lock.release()

    def abandon(self) -> None:
        """In a forked process: see ChatPorts."""
        self._ports.abandon()

    def browser_port(self) -> int | None:
        """See HostOfChat."""
        location = self._ports.location if self._served is not None else self._lock.location()
        self._usual_port = location.port or self._usual_port
        return self._usual_port

    def chat_of_views(self) -> ChatFacade | RemoteChat:
        """See HostOfChat: that of this process if it serves the chat, else that of another one."""
        return self._served.chat.facade if self._served is not None else self._remote

    def rpc_port(self) -> int | None:
        """The port of the process that serves the chat; None while none does. Called in any thread.

        Raises ServiceBusy if this process has just tried to, and could not.
        """
        port = self._lock.location().rpc_port
        if port is None and self._turns.last_error:
            raise ServiceBusy("the chat cannot be served now, as the log says; try again later")
        return port

    async def _serve(self) -> None:
        served = self._make()
        memory = await self._helpers.defer(served.chat.prepare)
        resource = self.tickets.beside(served.chat.resource, served.holder)
        self._rpc = ChatRpcServer(served.answers(), self._token)
        await self._ports.open(resource, self._rpc)
        # Before the chat begins: if this fails, nothing of it runs on. Nobody is answered before this turn is over.
        self._lock.publish(self._ports.location)
        served.start(memory)
        self._served = served
        self._ports.say()

    def _own_topics(self) -> TopicsFacade | None:
        return self._served.topics.facade if self._served is not None else None


def _ask_topics(ask: AskInSlot, method: str, arguments: Sequence[object], slot: Slot) -> Any:
    return ask(TOPICS + method, arguments, slot)


@implementer(IChat)
class SharedChat:
    """The chat for views: that of this process if it serves one, else that of another process. Used in any thread."""

    on_message = staticmethod(hooks.on_message)
    may = staticmethod(hooks.may)

    def __init__(self, host: HostOfChat, settings: ChatSettings) -> None:
        self._host = host
        self._private_rooms = settings.private_rooms
        self._chat_url = ChatUrl(settings.url, settings.prefix)

    @property
    def prefix(self) -> str:
        """The URL of the SockJS endpoint for the request that this thread answers; see ChatUrl."""
        return self._chat_url.url(self._host.browser_port())

    @property
    def asks_permission(self) -> bool:
        """See IChat. All processes of the host have the same settings and import the same application."""
        return bool(self._private_rooms) or MAY in hooks.names

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

    def look_at_logins(self) -> None:
        """See IChat."""
        self._chat().look_at_logins()

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

    def search(self, room: str, text: str, before: int | None = None, limit: int = 20, by: str = "") -> SearchPage:
        """See IChat."""
        return self._chat().search(room, text, before, limit, by)

    def claim(self, name: str, person: str) -> str:
        """See IChat."""
        return self._chat().claim(name, person)

    def say(self, room: str, name: str, text: str, key: str | None = None) -> int:
        """See IChat. ServiceBusy also where the process that serves the chat has just ended."""
        return self._chat().say(room, name, text, key)

    def deliver(self, hook: str, room: str, name: str, text: str, delivery: str | None = None) -> int:
        """See IChat, and `say`."""
        return self._chat().deliver(hook, room, name, text, delivery)

    def _chat(self) -> ChatFacade | RemoteChat:
        return self._host.chat_of_views()
