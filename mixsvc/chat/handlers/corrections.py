"""Answers edit and delete of authors: a change is stored first, then told in the order of the journal."""

from collections.abc import Callable
from typing import Final, TypeAlias

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.chat.handlers.state import ChatState, begin_waiting, end_waiting
from mixsvc.chat.model.acts import Deletion, Edition, event_of
from mixsvc.chat.model.people import Client
from mixsvc.chat.protocol import events
from mixsvc.chat.protocol.parsing import refusal
from mixsvc.chat.protocol.requests import Delete, Edit
from mixsvc.chat.storage.records import Correction, StoredAct, Unchanged
from mixsvc.errors import ServiceBusy
from mixsvc.storage.engine import Cursor

__all__ = ["CorrectionHandler"]

Changing: TypeAlias = Edit | Delete
Outcome: TypeAlias = StoredAct[Edition] | StoredAct[Deletion] | Unchanged

NEVER: Final = "Messages are not changed in this chat once they are said."
REFUSALS: Final = {
    Unchanged.FOREIGN: "This message is not yours: only who has said it may change it, with the same login or session.",
    Unchanged.LATE: "This message was said too long ago to be changed.",
    Unchanged.TOPIC: "A topic is not edited; set another one with /topic.",
}


class CorrectionHandler:
    """Answers edit, and delete of those who are no moderators. Used in the reactor thread only."""

    _log = Logger()

    def __init__(self, state: ChatState) -> None:
        self._state = state
        self._store = state.storage.store.corrections

    def edit(self, client: Client, request: Edit) -> None:
        """Give a message of the client's another text. Raises RequestRefused."""
        correction = self._correction(client, request)
        try:
            text = self._state.checked(request.text)
        except ValueError as bad:
            raise refusal(request, "bad_text", str(bad)) from None
        self._change(client, request, lambda cursor: self._store.edit(cursor, correction, text))

    def delete(self, client: Client, request: Delete) -> None:
        """Delete a message of the client's. Raises RequestRefused."""
        correction, name = self._correction(client, request), client.name
        self._change(client, request, lambda cursor: self._store.delete_own(cursor, correction, name))

    def _correction(self, client: Client, request: Changing) -> Correction:
        author, seconds = client.author, self._state.settings.edit_for
        assert author is not None
        if not seconds:
            raise refusal(request, "not_allowed", NEVER)
        self._state.check_inside(client, request, request.room)
        self._state.check_mute(client, request)
        return Correction(request.room, request.number, author, float(seconds), self._state.wall.seconds())

    def _change(self, client: Client, request: Changing, work: Callable[[Cursor], Outcome]) -> None:
        begin_waiting(client, request, "not_saved")
        client.changing[id(request)] = request

        def change(cursor: Cursor) -> Outcome | None:
            # At the last moment: the person may not be in the room any more.
            return work(cursor) if id(request) in client.changing else None

        changed: Deferred[Outcome | None] = self._state.storage.change(change)
        changed.addCallbacks(self._changed, self._failed, (client, request), errbackArgs=(client, request))

    def _changed(self, outcome: Outcome | None, client: Client, request: Changing) -> None:
        end_waiting(client)
        client.changing.pop(id(request), None)
        if isinstance(outcome, Unchanged):
            self._not_changed(outcome, client, request)
        elif outcome is not None:
            event = event_of(outcome.act, outcome.event)
            # It is stored whatever happens to the journal, and is told then.
            self._state.nodes.journal.stored(event).addBoth(self._told, client, request)

    def _told(self, result: object, client: Client, request: Changing) -> None:
        if isinstance(result, Failure) and not result.check(ServiceBusy):
            self._log.failure("chat: a changed message was not told", result)
        _done(client, request)

    def _not_changed(self, why: Unchanged, client: Client, request: Changing) -> None:
        if why is Unchanged.SAME:
            # As a client does that sends it again after a lost connection.
            _done(client, request)
        elif why is Unchanged.MISSING:
            text = f"There is no message {request.number} in {request.room}."
            self._state.refuse(client, refusal(request, "no_such_message", text))
        else:
            self._state.refuse(client, refusal(request, "not_allowed", REFUSALS[why]))

    def _failed(self, failure: Failure, client: Client, request: Changing) -> None:
        end_waiting(client)
        if client.changing.pop(id(request), None) is not None:
            text = "It could not be stored; try again a little later."
            self._state.refuse(client, refusal(request, "not_saved", text))


def _done(client: Client, request: Changing) -> None:
    client.send(events.done(request.type, room=request.room, number=request.number))
