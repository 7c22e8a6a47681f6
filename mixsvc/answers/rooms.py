"""The list of rooms over HTTP."""

import json
from collections.abc import Sequence

from mixsvc.answers.answer import Answer, make_answer
from mixsvc.interfaces import RoomOverview

__all__ = ["room_list"]


def room_list(rooms: Sequence[RoomOverview]) -> Answer:
    """GET /api/rooms. rooms: those that who asks may see."""
    found = [{"room": each.room, "members": each.members, "topic": each.topic, "last": each.last} for each in rooms]
    body = json.dumps({"rooms": found}, sort_keys=True, separators=(",", ":")) + "\n"
    return make_answer(200, b"application/json", body.encode(), ((b"Cache-Control", b"no-cache"),))
