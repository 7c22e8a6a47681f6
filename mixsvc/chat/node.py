"""One of several nodes that are one chat on PostgreSQL: the chat's own engine serves its journal, in one order."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from mixsvc.nodes import statements
from mixsvc.nodes.event_order import JournalPage
from mixsvc.nodes.interfaces import Nodes
from mixsvc.nodes.journal import JournalStore
from mixsvc.nodes.node import NodeEngine, NodeOptions, NodeStats, SharedNode
from mixsvc.storage.engine import TransactionRunner

__all__ = ["ChatNode", "JournalReader"]


class JournalReader(Protocol):
    """What a node needs of ChatDispatcher."""

    def read_events(self, after: int) -> "Deferred[JournalPage]":
        """Read the next events of the journal, in one order with everything else that the chat reads."""


class ChatNode:
    """Makes `nodes` for a chat and starts and stops them. Used in the reactor thread."""

    def __init__(self, reactor: Any, database: TransactionRunner, engine: NodeEngine, options: NodeOptions) -> None:
        """database: the chat's. engine: another connection, so that no message makes a heartbeat wait."""
        self._database = database
        self._node = SharedNode(reactor, engine, options, JournalStore(self._read, self._post))

    @property
    def nodes(self) -> Nodes:
        """For the ChatDispatcher."""
        return self._node.nodes

    @property
    def has_begun(self) -> bool:
        """Whether the engine has answered this node."""
        return self._node.has_begun

    def begun(self) -> "Deferred[None]":
        """Fires once `has_begun`. Cancel it to stop waiting."""
        return self._node.begun()

    @property
    def silence(self) -> float:
        """For how many seconds the engine has not answered this node; infinity if it never has."""
        return self._node.silence

    def stats(self) -> NodeStats:
        """Returns what was counted until now."""
        return self._node.stats()

    def sockets(self) -> Sequence[Any]:
        """What no child of this process may keep open, each with a fileno."""
        return self._node.sockets()

    def start(self, chat: JournalReader) -> None:
        """Begin to live; called once the chat was made with `nodes` and has read its state."""
        self._chat = chat
        self._node.start()

    def stop(self) -> "Deferred[None]":
        """Stop; fires when the others know. Called after the chat's connections are closed and its messages stored."""
        return self._node.stop()

    def _read(self, after: int) -> "Deferred[JournalPage]":
        return self._chat.read_events(after)

    def _post(self, kind: str, room: str, body: Mapping[str, Any]) -> "Deferred[int]":
        return self._database.run(statements.post, kind, room, body)
