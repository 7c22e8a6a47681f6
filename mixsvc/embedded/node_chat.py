"""The chat of a host's process that is a node: on PostgreSQL each process has the chat, and one has the port."""

from typing import Any

from twisted.internet.defer import Deferred

from mixsvc.chat.facade import ChatFacade
from mixsvc.common.records import record
from mixsvc.config.chat_url import first_port
from mixsvc.config.settings import Settings
from mixsvc.embedded.ports import ChatPorts
from mixsvc.embedded.shared_chat import ServedParts, SharedChat
from mixsvc.embedded.tickets import HostTickets
from mixsvc.embedded.turns import ChatLock, Turns
from mixsvc.interfaces import Authenticator
from mixsvc.nodes.node import SharedNode
from mixsvc.shutdown import StopDeadline
from mixsvc.storage.engine import Engine

__all__ = ["HostNode", "NodeChatHost"]


@record
class HostNode:
    """A node in a process of a host, and the connection for its hints."""

    hints: Engine
    shared: SharedNode


class NodeChatHost:
    """Has a chat that runs, and opens the ports for it while it has the lock.

    Used in the reactor thread, except for the facade.
    """

    def __init__(
        self, reactor: Any, settings: Settings, shared_path: str, served: ServedParts, authenticate: Authenticator
    ) -> None:
        """shared_path: beside it the processes of this host find each other. served: the caller starts it."""
        self._served = served
        self._lock = ChatLock(shared_path)
        self._ports = ChatPorts(reactor, settings)
        self._turns = Turns(reactor, self._lock, self._serve, self._ports.drop)
        self._usual_port = first_port(settings.chat.listen)
        self.tickets = HostTickets(settings, self.browser_port, authenticate)
        # What views see, in any thread.
        self.facade = SharedChat(self, settings.chat)
        self.topics_facade = served.topics.facade

    def start(self) -> "Deferred[None]":
        """See ChatHost."""
        return self._turns.start()

    async def stop(self, deadline: StopDeadline) -> None:
        """Close the ports, end the chat and leave the other nodes, within shares of the deadline."""
        await deadline.share(0.2, "an attempt to serve the chat", self._turns.stop)
        await self._ports.close(deadline)
        # Another node of this host has a chat that runs, and opens the port at once.
        self._lock.release()
        await self._served.stop(deadline)
        await deadline.share(0.88, "telling the other nodes", self._served.chat.leave)

    def abandon(self) -> None:
        """In a forked process: see ChatPorts."""
        self._ports.abandon()

    def browser_port(self) -> int | None:
        """See HostOfChat."""
        location = self._ports.location
        if location.port is None:
            location = self._lock.location()
        self._usual_port = location.port or self._usual_port
        return self._usual_port

    def chat_of_views(self) -> ChatFacade:
        """See HostOfChat: that of this process."""
        return self._served.chat.facade

    async def _serve(self) -> None:
        await self._ports.open(self.tickets.beside(self._served.chat.resource, self._served.holder))
        self._lock.publish(self._ports.location)
        self._ports.say()
