"""What operators see, on a whole service on a reactor in memory."""

import json

from mixsvc import __version__
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

    def test_commits_are_counted(self) -> None:
        self.perform("say", "lobby", "hello")

        found = self.desk.overview()

        assert (found["storage"]["commits"], found["storage"]["messages"]) == (1, 1)
        assert found["rooms"]["messages"] == 1
