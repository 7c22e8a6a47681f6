"""One function for each type of message from the server: what it changes in the session."""

from collections.abc import Callable, Mapping
from typing import Final

from mixsvc.client import parsing
from mixsvc.client.errors import NothingSaid, Refused
from mixsvc.client.outbox import OutboxEntry
from mixsvc.client.parsing import Fields
from mixsvc.client.requests import (
    ChangeRequest,
    ClientRequest,
    GapRequest,
    HelloRequest,
    HistoryRequest,
    JoinRequest,
    LeaveRequest,
    SearchRequest,
)
from mixsvc.client.session import ClientSession

__all__ = ["receive"]

# The server would accept the same request a little later.
TRANSIENT_CODES: Final = frozenset({"slow_down", "busy", "not_saved"})


def receive(session: ClientSession, data: str) -> None:
    """Act on one message; ignores unknown types. Raises BadMessage for one that breaks the protocol."""
    fields = parsing.decode(data)
    handler = HANDLERS.get(fields["type"])
    if handler is not None:
        handler(session, fields)
        session.send_next()


def _welcome(session: ClientSession, fields: Fields) -> None:
    name = parsing.text(fields, "name")
    max_text = parsing.number(fields, "max_text") if "max_text" in fields else None
    if isinstance(session.pending, HelloRequest) and name:
        session.pending = None
        session.welcomed(name, max_text)


def _joined(session: ClientSession, fields: Fields) -> None:
    page = parsing.page(fields)
    request = session.pending
    if not isinstance(request, JoinRequest) or request.room != parsing.text(fields, "room"):
        return
    session.pending = None
    session.request_succeeded()
    room = session.rooms.get(request.room)
    # Else the user has left it meanwhile, and perhaps joined it again: the `leave` to come undoes this join.
    if room is not None and room is request.target:
        room.mark_inside()
        room.notify(room.cursor.joined(page))
        room.finish_join()


def _left(session: ClientSession, fields: Fields) -> None:
    request = session.pending
    if isinstance(request, LeaveRequest) and request.room == parsing.text(fields, "room"):
        session.pending = None
        session.rooms.to_leave.pop(request.room, None)


def _message(session: ClientSession, fields: Fields) -> None:
    message, token = parsing.message(fields), parsing.text(fields, "token")
    room = session.rooms.inside(parsing.text(fields, "room"))
    if room is not None:
        room.notify(room.cursor.message(message, token))


def _deleted(session: ClientSession, fields: Fields) -> None:
    number = parsing.number(fields, "number")
    room = session.rooms.inside(parsing.text(fields, "room"))
    if room is not None:
        room.notify(room.cursor.deleted(number))


def _edited(session: ClientSession, fields: Fields) -> None:
    number, text = parsing.number(fields, "number"), parsing.text(fields, "text")
    room = session.rooms.inside(parsing.text(fields, "room"))
    if room is not None:
        room.notify(room.cursor.edited(number, text, parsing.moment(fields, "edited_at")))


def _said(session: ClientSession, fields: Fields) -> None:
    session.request_succeeded()
    session.outbox.acknowledge(parsing.text(fields, "key"), parsing.number(fields, "number"))


def _goodbye(session: ClientSession, fields: Fields) -> None:
    session.goodbye(parsing.wait(fields, "retry"))


def _history(session: ClientSession, fields: Fields) -> None:
    page = parsing.page(fields)
    request = session.pending
    if not isinstance(request, HistoryRequest | GapRequest) or request.room != parsing.text(fields, "room"):
        return
    session.pending = None
    session.request_succeeded()
    if isinstance(request, HistoryRequest):
        if not request.answer.called:
            request.answer.callback(page)
    elif request.target is session.rooms.inside(request.room):
        request.target.notify(request.target.cursor.fill(request.before, page))


def _found(session: ClientSession, fields: Fields) -> None:
    page = parsing.found(fields)
    request = session.pending
    if isinstance(request, SearchRequest):
        session.pending = None
        session.request_succeeded()
        if not request.answer.called:
            request.answer.callback(page)


def _done(session: ClientSession, fields: Fields) -> None:
    request = session.pending
    if isinstance(request, ChangeRequest) and parsing.text(fields, "of") == request.type:
        session.pending = None
        session.request_succeeded()
        if not request.answer.called:
            request.answer.callback(None)


def _kicked(session: ClientSession, fields: Fields) -> None:
    room, by, reason = (parsing.text(fields, name) for name in ("room", "by", "reason"))
    if parsing.text(fields, "name") == session.name:
        why = f": {reason}" if reason else "."
        session.fail_room(room, Refused("kicked", f"{by} removed you from {room}{why}"))


def _notice(session: ClientSession, fields: Fields) -> None:
    for entry in session.outbox.sent():
        if entry.asks_for_help:
            session.outbox.fail(entry, NothingSaid(parsing.text(fields, "text")))
            return


def _error(session: ClientSession, fields: Fields) -> None:
    refused = parsing.refused(fields)
    of, key = parsing.text(fields, "of"), parsing.text(fields, "key")
    if of == "say" or key:
        sent = session.outbox.sent()
        entry = session.outbox.get(key) if key or not sent else sent[0]
        if entry is not None:
            _entry_refused(session, entry, refused)
    elif session.pending is not None and of == session.pending.type:
        request, session.pending = session.pending, None
        _request_refused(session, request, refused)


def _entry_refused(session: ClientSession, entry: OutboxEntry, refused: Refused) -> None:
    if refused.code in TRANSIENT_CODES:
        entry.sent_at = None
        session.pause(refused.wait, str(refused))
    elif refused.code == "not_inside":
        entry.sent_at = None
        session.rooms.mark_outside(entry.room)
        session.pause(None, str(refused))
    elif refused.code == "no_such_room":
        session.fail_room(entry.room, refused)
    else:
        session.outbox.fail(entry, refused)


def _request_refused(session: ClientSession, request: ClientRequest, refused: Refused) -> None:
    is_our_name = isinstance(request, HelloRequest) and refused.code == "name_taken" and session.name_may_be_ours
    if refused.code in TRANSIENT_CODES or is_our_name:
        session.repeat(request)
        session.pause(refused.wait, str(refused))
        return
    match request:
        case HelloRequest():
            session.give_up(refused)
        case JoinRequest() if refused.code == "already_inside":
            # The server counts us as a member and we do not: leave and join again, to get what it has sent meanwhile.
            session.rooms.to_leave[request.room] = None
            session.pause(None, str(refused))
        case JoinRequest():
            if request.target is session.rooms.get(request.room):
                session.fail_room(request.room, refused)
        case LeaveRequest():
            session.rooms.to_leave.pop(request.room, None)
        case GapRequest():
            request.target.notify(request.target.cursor.skip_gap())
        case ChangeRequest() if refused.code == "no_such_message" and request.is_repeated and request.text is None:
            # The first one has deleted it, and its answer was lost.
            if not request.answer.called:
                request.answer.callback(None)
        case HistoryRequest() | SearchRequest() | ChangeRequest():
            if not request.answer.called:
                request.answer.errback(refused)


HANDLERS: Final[Mapping[str, Callable[[ClientSession, Fields], None]]] = {
    "welcome": _welcome,
    "joined": _joined,
    "left": _left,
    "message": _message,
    "deleted": _deleted,
    "edited": _edited,
    "said": _said,
    "goodbye": _goodbye,
    "history": _history,
    "found": _found,
    "done": _done,
    "kicked": _kicked,
    "notice": _notice,
    "error": _error,
}
