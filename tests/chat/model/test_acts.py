"""What moderators do crosses to other nodes as JSON and comes out as it was."""

import json
from dataclasses import replace

import pytest

from mixsvc.chat.model.acts import Act, Deletion, Lift, Oblivion, Removal, Withdrawal, act_of, event_of
from mixsvc.chat.model.sanctions import BAN, MUTE, Sanction
from mixsvc.nodes.interfaces import JournalEvent

ACTS: list[tuple[str, str, Act]] = [
    ("delete", "lobby", Deletion("lobby", 7, "Mia", "a topic")),
    ("kick", "lobby", Removal("lobby", "Bob", "token:b", "Mia", "why")),
    ("mute", "", Sanction(3, MUTE, "Bob", "bob", "token:b", "", "Mia", "why", 1795362180.5)),
    ("ban", "", Sanction(4, BAN, "", "", "", "192.0.2.7", "Mia", "", 1795362180.0)),
    ("unmute", "", Lift(MUTE, "Bob", "", "Mia")),
    ("unban", "", Lift(BAN, "", "192.0.2.7", "Mia")),
    ("revoke", "lobby", Withdrawal("lobby", None)),
    ("forget", "lobby", Oblivion("lobby")),
]


@pytest.mark.parametrize(("kind", "room", "act"), ACTS)
def test_an_act_is_the_same_after_the_journal(kind: str, room: str, act: Act) -> None:
    event = event_of(act, 12)
    read = replace(event, body=json.loads(json.dumps(event.body)))

    assert (event.number, event.kind, event.room) == (12, kind, room)
    assert act_of(read) == act


def test_what_a_newer_version_adds_is_ignored() -> None:
    body = {"kind": MUTE, "name": "Bob", "address": "", "by": "Mia", "since": 1}

    assert act_of(JournalEvent(1, "unmute", "", body)) == Lift(MUTE, "Bob", "", "Mia")
    assert act_of(JournalEvent(1, "promote", "", {"name": "Bob"})) is None
