"""Does in the chat what operators ask for, in the name of the service, which nobody else can have."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure

from mixsvc.chat.handlers.moderation import ModerationHandler
from mixsvc.chat.handlers.state import PUBLISHER, ChatState
from mixsvc.chat.model.people import Client, Person
from mixsvc.chat.model.rooms import Room
from mixsvc.chat.model.sanctions import Sanction
from mixsvc.chat.protocol import parsing
from mixsvc.chat.protocol.parsing import RequestRefused
from mixsvc.chat.protocol.requests import Ban, Kick, Mute, Unban, Unmute
from mixsvc.chat.storage.records import StoredMessage
from mixsvc.errors import ActionRefused

__all__ = ["OperatorHandler"]

Publish: TypeAlias = Callable[[str, str, str], "Deferred[StoredMessage]"]


class OperatorHandler:
    """What an operator does is that of a moderator with the name of the service: it is on record, and holds on all
    nodes. Used in the reactor thread only.
    """

    def __init__(self, state: ChatState, moderation: ModerationHandler, publish: Publish) -> None:
        """publish(room, name, text): posts a message for somebody without a connection."""
        self._state = state
        self._publish = publish
        self._acts: Mapping[type[Any], Callable[[Client, Any], Deferred[None] | None]] = {
            Kick: moderation.kick,
            Mute: moderation.mute,
            Unmute: moderation.unmute,
            Ban: moderation.ban,
            Unban: moderation.unban,
        }

    def say(self, room: str, text: str) -> "Deferred[int]":
        """Say something in a room that exists; fires with the message's number once it is stored.

        Raises ActionRefused and ValueError; fails with NotSaved.
        """
        if not self._state.rooms.exists(room):
            raise ActionRefused(f"there is no room {self._state.rooms.spelling(room)[:50]}")
        try:
            said = self._publish(room, PUBLISHER, text)
        except ValueError as bad:
            raise ActionRefused(str(bad)) from None
        return said.addCallback(lambda stored: stored.message.number)

    def rooms(self) -> Sequence[Room]:
        """The rooms in memory, also those that are private."""
        return self._state.rooms.all()

    def waiting(self) -> int:
        """How many calls wait for the database."""
        return self._state.storage.waiting

    def sanctions(self) -> Sequence[Sanction]:
        """The mutes and bans in force, the newest last."""
        return self._state.sanctions.all(self._state.sanction_clock.now())

    def moderate(self, **fields: object) -> "Deferred[None]":
        """Do what a moderator's request asks for; fires when it is stored, and has taken effect here.

        fields: of a request of the types kick, mute, unmute, ban and unban (docs/reference/chat-protocol.md). Fails
        with ActionRefused.
        """
        try:
            request = parsing.parse(json.dumps(fields).encode())
        except RequestRefused as refused:
            raise ActionRefused(refused.text) from None
        if not self._state.nodes.heart.is_trusted:
            raise ActionRefused("the chat's database does not answer; try again a little later")
        answered: Deferred[None] = Deferred()
        client = _operator(answered)
        maybeDeferred(self._acts[type(request)], client, request).addErrback(_fail, answered)
        return answered


def _operator(answered: "Deferred[None]") -> Client:
    """A moderator whose only request is answered to this Deferred."""
    client = Client(_Answer(answered), "")
    client.person = Person("", PUBLISHER)
    client.is_moderator = True
    return client


class _Answer:
    """Takes the place of a connection: the first event is the answer."""

    def __init__(self, answered: "Deferred[None]") -> None:
        self._answered = answered

    def write(self, data: str) -> None:
        """Take the answer."""
        event = json.loads(data)
        if self._answered.called:
            return
        if event["type"] == "error":
            self._answered.errback(ActionRefused(event["text"]))
        else:
            self._answered.callback(None)

    def close(self, code: int, reason: str) -> None:
        """There is nothing to close."""

    def pauseProducing(self) -> None:
        """There is nothing to pause."""

    def resumeProducing(self) -> None:
        """There is nothing to pause."""

    def discard(self, is_unwanted: Callable[[str], bool], /) -> list[str]:
        """Nothing waits."""
        return []


def _fail(failure: Failure, answered: "Deferred[None]") -> None:
    refused = failure.value
    answered.errback(ActionRefused(refused.text) if isinstance(refused, RequestRefused) else failure)
