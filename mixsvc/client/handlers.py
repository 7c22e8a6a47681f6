"""What the client makes of each message from the server."""

from collections.abc import Callable, Mapping
from typing import Final

from mixsvc.client import parsing
from mixsvc.client.errors import NothingSaid, Refused
from mixsvc.client.outbox import Saying
from mixsvc.client.parsing import Fields
from mixsvc.client.requests import Hello, History, Join, Leave, Page, Request
from mixsvc.client.session import Dialogue

__all__ = ["receive"]

# What is asked again: the server would take it a little later.
PASSING: Final = frozenset({"slow_down", "busy", "not_saved"})


def receive(dialogue: Dialogue, data: str) -> None:
    """Act on one message. Raises BadMessage for what a server would not send."""
    fields = parsing.decode(data)
    answer = ANSWERS.get(fields["type"])
    if answer is not None:
        answer(dialogue, fields)
        dialogue.pump()


def _welcome(dialogue: Dialogue, fields: Fields) -> None:
    name = parsing.text(fields, "name")
    max_text = parsing.number(fields, "max_text") if "max_text" in fields else None
    if isinstance(dialogue.asked, Hello) and name:
        dialogue.asked = None
        dialogue.greeted(name, max_text)


def _joined(dialogue: Dialogue, fields: Fields) -> None:
    page = parsing.page(fields)
    asked = dialogue.asked
    if not isinstance(asked, Join) or asked.room != parsing.text(fields, "room"):
        return
    dialogue.asked = None
    dialogue.went_well()
    room = dialogue.rooms.get(asked.room)
    # Left meanwhile, and perhaps joined anew: the `left` that is to come undoes this one.
    if room is not None and room is asked.wanted:
        room.enter()
        room.tell(room.place.joined(page))
        room.arrive()


def _left(dialogue: Dialogue, fields: Fields) -> None:
    asked = dialogue.asked
    if isinstance(asked, Leave) and asked.room == parsing.text(fields, "room"):
        dialogue.asked = None
        dialogue.rooms.to_leave.pop(asked.room, None)


def _message(dialogue: Dialogue, fields: Fields) -> None:
    message = parsing.message(fields)
    room = dialogue.rooms.inside(parsing.text(fields, "room"))
    if room is not None:
        room.tell(room.place.message(message))


def _deleted(dialogue: Dialogue, fields: Fields) -> None:
    number = parsing.number(fields, "number")
    room = dialogue.rooms.inside(parsing.text(fields, "room"))
    if room is not None:
        room.tell(room.place.deleted(number))


def _said(dialogue: Dialogue, fields: Fields) -> None:
    dialogue.went_well()
    dialogue.sayings.said(parsing.text(fields, "key"), parsing.number(fields, "number"))


def _history(dialogue: Dialogue, fields: Fields) -> None:
    page = parsing.page(fields)
    asked = dialogue.asked
    if not isinstance(asked, History | Page) or asked.room != parsing.text(fields, "room"):
        return
    dialogue.asked = None
    dialogue.went_well()
    if isinstance(asked, History):
        if not asked.answer.called:
            asked.answer.callback(page)
    elif asked.wanted is dialogue.rooms.inside(asked.room):
        asked.wanted.tell(asked.wanted.place.page(asked.before, page))


def _kicked(dialogue: Dialogue, fields: Fields) -> None:
    room, by, reason = (parsing.text(fields, name) for name in ("room", "by", "reason"))
    if parsing.text(fields, "name") == dialogue.name:
        why = f": {reason}" if reason else "."
        dialogue.refuse_room(room, Refused("kicked", f"{by} put you out of {room}{why}"))


def _notice(dialogue: Dialogue, fields: Fields) -> None:
    for saying in dialogue.sayings.under_way():
        if saying.asks_for_help:
            dialogue.sayings.fail(saying, NothingSaid(parsing.text(fields, "text")))
            return


def _error(dialogue: Dialogue, fields: Fields) -> None:
    refused = parsing.refused(fields)
    of, key = parsing.text(fields, "of"), parsing.text(fields, "key")
    if of == "say" or key:
        under_way = dialogue.sayings.under_way()
        saying = dialogue.sayings.get(key) if key or not under_way else under_way[0]
        if saying is not None:
            _saying_refused(dialogue, saying, refused)
    elif dialogue.asked is not None and of == dialogue.asked.type:
        request, dialogue.asked = dialogue.asked, None
        _request_refused(dialogue, request, refused)


def _saying_refused(dialogue: Dialogue, saying: Saying, refused: Refused) -> None:
    if refused.code in PASSING:
        saying.sent_at = None
        dialogue.pause(refused.wait, str(refused))
    elif refused.code == "not_inside":
        saying.sent_at = None
        dialogue.rooms.expel(saying.room)
        dialogue.pause(None, str(refused))
    elif refused.code == "no_such_room":
        dialogue.refuse_room(saying.room, refused)
    else:
        dialogue.sayings.fail(saying, refused)


def _request_refused(dialogue: Dialogue, request: Request, refused: Refused) -> None:
    is_ours = isinstance(request, Hello) and refused.code == "name_taken" and dialogue.takes_name_for_our_own
    if refused.code in PASSING or is_ours:
        dialogue.ask_again(request)
        dialogue.pause(refused.wait, str(refused))
        return
    match request:
        case Hello():
            dialogue.refuse_all(refused)
        case Join() if refused.code == "already_inside":
            # We see it otherwise; what was sent before we join anew would be lost.
            dialogue.rooms.to_leave[request.room] = None
            dialogue.pause(None, str(refused))
        case Join():
            if request.wanted is dialogue.rooms.get(request.room):
                dialogue.refuse_room(request.room, refused)
        case Leave():
            dialogue.rooms.to_leave.pop(request.room, None)
        case Page():
            request.wanted.tell(request.wanted.place.give_up())
        case History():
            if not request.answer.called:
                request.answer.errback(refused)


ANSWERS: Final[Mapping[str, Callable[[Dialogue, Fields], None]]] = {
    "welcome": _welcome,
    "joined": _joined,
    "left": _left,
    "message": _message,
    "deleted": _deleted,
    "said": _said,
    "history": _history,
    "kicked": _kicked,
    "notice": _notice,
    "error": _error,
}
