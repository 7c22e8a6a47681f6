"""A client of the door as the chat sees it: a transport that takes events, and a way to ask for something."""

import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from twisted.internet.interfaces import IAddress
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.common.records import record
from mixsvc.interfaces import Identity
from mixsvc.irc.clients.door import IrcDoor

__all__ = ["ChatLink", "IrcArrival", "LinkedClient"]


@record
class IrcArrival:
    """Implements DoorArrival."""

    identity: Identity | None
    asked_at: float


class LinkedClient(Protocol):
    """Whose connection of the chat it is. Used in the reactor thread."""

    def heard(self, event: Mapping[str, Any], text: str) -> None:
        """An event of the chat, and its text."""

    def chat_closed(self, code: int, reason: str) -> None:
        """The chat has closed its connection."""

    def hold(self, is_held: bool) -> None:
        """Read nothing from the client, or read again."""

    def discard(self, is_unwanted: Callable[[str], bool]) -> list[str]:
        """Take back what waits for the client and tells of unwanted events; returns these."""

    def peer(self) -> IAddress:
        """The client's address."""


class ChatLink:
    """Implements DoorTransport for one client."""

    _log = Logger()

    def __init__(self, door: IrcDoor, client: LinkedClient, arrival: IrcArrival) -> None:
        self.request = arrival
        self._door = door
        self._client = client
        self._is_closed = False
        self._is_paused = False
        # What is asked while the chat does not read.
        self._asked: deque[str] = deque()
        self._protocol: Any = None

    def open(self) -> None:
        """Connect to the chat."""
        self._protocol = self._door.given.chat.connect(self)
        self._send()

    def ask(self, type: str, **fields: Any) -> None:
        """Send a request. Its answer comes as an event, perhaps before this returns."""
        self._asked.append(json.dumps({"type": type, **fields}))
        self._send()

    def lost(self, reason: Failure) -> None:
        """The client is gone; may be called twice."""
        self._is_closed = True
        self._asked.clear()
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            protocol.connectionLost(reason)

    def _send(self) -> None:
        while self._asked and not self._is_paused and self._protocol is not None:
            data = self._asked.popleft().encode("utf-8", "replace")
            try:
                self._protocol.dataReceived(data)
            except Exception:
                self._failed()

    def _failed(self) -> None:
        self._log.failure("irc: a request failed, its connection ends")
        self.close(1011, "Internal error")

    # For the chat

    def hear(self, text: str) -> None:
        """See DoorTransport."""
        if self._is_closed:
            return
        try:
            self._client.heard(self._door.read(text), text)
        except Exception:
            # Others are told the same event after this one.
            self._failed()

    def write(self, data: str | bytes) -> None:
        """Take one event."""
        self.hear(data if isinstance(data, str) else data.decode())

    def close(self, code: int, reason: str) -> None:
        """Close the client's connection; only the first call counts."""
        if not self._is_closed:
            self._is_closed = True
            self._asked.clear()
            self._client.chat_closed(code, reason)

    def pauseProducing(self) -> None:
        """Read nothing from the client for a while."""
        self._is_paused = True
        self._client.hold(True)

    def resumeProducing(self) -> None:
        """Read again."""
        self._is_paused = False
        if not self._is_closed:
            self._send()
            self._client.hold(False)

    def discard(self, is_unwanted: Callable[[str], bool]) -> list[str]:
        """See txsockjs: what has gone into the connection's own buffer is sent."""
        return self._client.discard(is_unwanted)

    def getPeer(self) -> IAddress:
        """The client's address."""
        return self._client.peer()
