import json
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import pytest

from mixsvc.config.outgoing_hooks import EVENTS, USUAL
from mixsvc.interfaces import ChatMessage
from mixsvc.webhooks.events import Event, events_of
from mixsvc.webhooks.storage.records import Changed

MESSAGE = ChatMessage(3, "Ann", "hällo", 1_700_000_000.5)
NEW = Changed("lobby", MESSAGE, None, None, MESSAGE.said_at)
EDITED = Changed("lobby", replace(MESSAGE, text="hi", is_edited=True), 7, 7, 1_700_000_060.0)
DELETED = Changed("lobby", replace(MESSAGE, text="", is_deleted=True), 8, 8, MESSAGE.said_at)


def event_of(changed: Changed, events: Collection[str], epoch: str = "e") -> Event | None:
    """The only event, of a message that cannot have been told before."""
    found = events_of(changed, events, epoch, 0)
    assert len(found) <= 1
    return found[0] if found else None


def payload(changed: Changed) -> Any:
    event = event_of(changed, USUAL)
    assert event is not None
    return json.loads(event.body)


def test_a_new_message_is_told_with_all_that_the_chat_tells_of_it() -> None:
    assert payload(NEW) == {
        "type": "message.created",
        "timestamp": "2023-11-14T22:13:20.500Z",
        "version": 1,
        "data": {"room": "lobby", "number": 3, "name": "Ann", "text": "hällo", "time": "2023-11-14T22:13:20.500Z"},
    }


def test_an_edit_has_the_new_text_and_a_deletion_none() -> None:
    assert (payload(EDITED)["type"], payload(EDITED)["timestamp"]) == ("message.edited", "2023-11-14T22:14:20.000Z")
    assert payload(EDITED)["data"]["text"] == "hi"
    assert (payload(DELETED)["type"], payload(DELETED)["data"]["deleted"]) == ("message.deleted", True)
    assert payload(DELETED)["data"]["text"] == ""


def test_a_message_that_was_deleted_before_it_was_told_is_told_as_deleted() -> None:
    assert payload(replace(DELETED, change=None))["type"] == "message.deleted"


def test_a_message_that_was_edited_before_it_was_told_comes_with_its_new_text_or_as_an_edit() -> None:
    edited = replace(EDITED, change=None, at=MESSAGE.said_at)
    assert (payload(edited)["type"], payload(edited)["data"]["text"]) == ("message.created", "hi")
    event = event_of(edited, ("edit",))
    assert event is not None
    assert event == event_of(replace(EDITED, at=MESSAGE.said_at), USUAL)


def test_an_edited_message_that_may_have_been_told_keeps_its_id_and_is_told_as_edited_too() -> None:
    before = event_of(NEW, USUAL)
    message = replace(EDITED.message, edited_at=1_700_000_060.0)
    created, edited = events_of(replace(EDITED, message=message, change=None), USUAL, "e", MESSAGE.number)
    assert before is not None
    assert (created.id, edited) == (before.id, event_of(replace(EDITED, message=message), USUAL))


def test_the_same_is_told_under_the_same_id_and_everything_else_under_another() -> None:
    told = [NEW, EDITED, DELETED, replace(NEW, room="dev"), replace(NEW, message=replace(MESSAGE, number=4))]
    events = [event_of(each, USUAL, epoch) for each in [*told, NEW] for epoch in ("e", "other")]
    ids = [each.id for each in events if each is not None]

    assert len(set(ids)) == len(ids) - 2 == 10
    assert all(each.startswith("msg_") for each in ids)


@pytest.mark.parametrize(("changed", "kind"), [(NEW, "message"), (EDITED, "edit"), (DELETED, "delete")])
def test_only_the_events_that_are_meant_are_told(changed: Changed, kind: str) -> None:
    assert event_of(changed, (kind,)) is not None
    assert event_of(changed, {*EVENTS} - {kind}) is None


def test_what_an_incoming_webhook_wrote_is_told_only_to_who_asks_for_it_and_marked() -> None:
    hooked = replace(NEW, message=replace(MESSAGE, kind="hook"))
    assert event_of(hooked, USUAL) is None
    event = event_of(hooked, EVENTS)
    assert event is not None
    assert json.loads(event.body)["data"]["kind"] == "hook"
