"""Doors of the chat: other protocols than SockJS, by which people come into the same rooms.

A door opens a connection of the chat for each of its clients, and speaks the chat's own protocol with it, in this
process: requests go to dataReceived as JSON in UTF-8, events come to `DoorTransport.hear` as JSON
(docs/reference/chat-protocol.md). So names, presence, limits, moderation and permissions are those of everybody.
"""

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress

from mixsvc.common.records import record
from mixsvc.errors import MixError
from mixsvc.interfaces.auth import Identity

__all__ = [
    "ChatDoor",
    "ChatLimits",
    "DoorArrival",
    "DoorTransport",
    "LoginRefused",
    "PasswordCheck",
    "PersonFacts",
    "SentPassword",
]


class DoorArrival(Protocol):
    """What stands for the request that opens a SockJS session.

    identity: None for a stranger. asked_at: when it was asked who that is, in seconds of the reactor's clock: whoever
    has logged out since is out.
    """

    @property
    def identity(self) -> Identity | None: ...

    @property
    def asked_at(self) -> float: ...


class DoorTransport(Protocol):
    """The transport of a connection of the chat whose client came through a door. Used in the reactor thread.

    Like one of txsockjs (write, close, pauseProducing, resumeProducing, discard, getPeer), and has `hear` besides.
    """

    @property
    def request(self) -> DoorArrival: ...

    def hear(self, text: str, /) -> None:
        """Take one event; `write` does the same. Never raises."""

    def getPeer(self) -> IAddress: ...


@record
class PersonFacts:
    """What is known of whoever has a name. is_known: whether the person has logged in. is_here: whether it is known
    that the person is connected.
    """

    name: str
    is_moderator: bool
    is_known: bool
    is_here: bool


@record
class ChatLimits:
    """Characters of a topic and of a reason, messages of a page of the history, and rooms that one may be in."""

    topic: int
    reason: int
    page: int
    rooms: int


@record
class ChatDoor:
    """What the chat gives a door. Used in the reactor thread.

    connect(transport): opens a connection and returns its twisted.internet.protocol.Protocol, for dataReceived and
    connectionLost. facts(name): of a person who is connected to this process, or who must be a moderator to have the
    name; None if nothing is known. spelling(room): the room's own spelling of a name that differs in case or width; of
    rooms that not everybody may see, too. is_muted(name): whether a person who is connected to this process is muted,
    so that a door does not pass on either what its own protocol lets that person say.
    """

    connect: Callable[[DoorTransport], Any]
    facts: Callable[[str], PersonFacts | None]
    spelling: Callable[[str], str]
    is_muted: Callable[[str], bool]
    limits: ChatLimits


class LoginRefused(MixError):
    """A password was not checked, or whoever checks it does not answer. The text is a sentence for the person."""


@record
class SentPassword:
    """What somebody sent through a door. peer, host: the addresses of both ends. is_secure: whether TLS was used."""

    name: str
    password: str
    peer: IAddress
    host: IAddress
    is_secure: bool


class PasswordCheck(Protocol):
    """Says whose password it is. Used in the reactor thread."""

    def __call__(self, sent: SentPassword, /) -> "Deferred[Identity | None]":
        """Fires with None for nobody's; fails with LoginRefused."""

    def forget(self, identity: Identity | None, /) -> None:
        """Forget what is kept for an identity that was found, and that nobody needs any more."""
