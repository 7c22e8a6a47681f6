"""What operators see, on a whole service on a reactor in memory."""

import json
from unittest.mock import patch

import pytest

from mixsvc import __version__
from mixsvc.errors import ActionRefused
from tests.operations.control.support import DeskTestCase

KEYS = (
    "service sessions held rooms reactor views outboxes storage nodes rates refusals settings bans bans_total".split()
)


class OverviewTests(DeskTestCase):
    def test_all_of_it_is_there_and_json_can_hold_it(self) -> None:
        found = json.loads(json.dumps(self.desk.overview()))

        assert [*found] == KEYS
        assert found["service"]["version"] == __version__
        assert found["storage"]["kind"] == "sqlite"
        assert found["nodes"] is None
        assert [each["name"] for each in found["rates"]] == ["archive"]

    def test_how_long_it_runs_does_not_depend_on_the_time_of_day(self) -> None:
        self.reactor.advance(61)

        with patch("time.time", return_value=2_000_000_000.5):
            found = self.desk.overview()["service"]

        assert (found["uptime"], found["started"]) == (61, "2033-05-18T03:32:19Z")

    def test_a_session_is_listed_with_a_number_by_which_it_is_closed(self) -> None:
        assert self.post(b"/chat/000/secret-name/xhr").endswith(b"\r\no\n\r\n0\r\n\r\n")

        found = self.desk.overview()["sessions"]

        assert (found["total"], found["by_transport"], found["by_door"]["sockjs"]) == (1, {"xhr": 1}, 1)
        (session,) = found["list"]
        assert (session["door"], session["transport"], session["rooms"], session["unsent"]) == ("sockjs", "xhr", 0, 0)
        assert session["since"].endswith("Z")
        assert "secret-name" not in str(found)
        assert self.desk.overview()["sessions"]["list"][0]["id"] == session["id"]
        assert self.perform("close", str(session["id"])) == f"session {session['id']} is closed"
        assert b'c[1012,"Closed by an operator"]' in self.post(b"/chat/000/secret-name/xhr")

    def test_a_session_that_has_ended_is_not_said_to_be_closed_now(self) -> None:
        self.post(b"/chat/000/leaving/xhr")
        (session,) = self.desk.overview()["sessions"]["list"]
        # Nobody polls.
        self.reactor.advance(6)
        assert self.desk.overview()["sessions"]["list"] == []

        with pytest.raises(ActionRefused, match="^session 1 has ended already$"):
            self.perform("close", str(session["id"]))

    def test_a_session_that_nobody_was_shown_cannot_be_closed(self) -> None:
        with pytest.raises(ActionRefused, match="^there is no session 1; the list of sessions has their numbers$"):
            self.perform("close", "1")
        with pytest.raises(ActionRefused, match="^a session has a number"):
            self.perform("close", "-1")

    def test_lists_are_bounded_and_have_their_totals_beside_them(self) -> None:
        for number in range(120):
            self.post(b"/chat/000/%d/xhr" % number)
            self.perform("ban", f"192.0.2.{number}")

        found = self.desk.overview()

        assert (found["sessions"]["total"], len(found["sessions"]["list"])) == (120, 100)
        assert (found["bans_total"], len(found["bans"]), found["bans"][-1]["address"]) == (120, 100, "192.0.2.119")

    def test_the_rooms_are_listed_with_what_they_get(self) -> None:
        self.perform("say", "lobby", "hello")
        self.reactor.advance(3)
        self.perform("say", "lobby", "hello")
        self.reactor.advance(5)

        (room,) = self.desk.overview()["rooms"]["list"]

        assert (room["name"], room["members"], room["messages"]) == ("lobby", 0, 2)

    def test_commits_are_counted(self) -> None:
        self.perform("say", "lobby", "hello")

        found = self.desk.overview()

        assert (found["storage"]["commits"], found["storage"]["messages"]) == (1, 1)
        assert found["rooms"]["messages"] == 1
