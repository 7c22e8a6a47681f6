"""What operators can do, on a whole service on a reactor in memory."""

import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from twisted.logger import capturedLogs, formatEvent

from mixsvc.errors import ActionRefused, NameTaken, RestartFailed
from tests.operations.control.support import DEADLINE, DeskTestCase
from tests.test_service import settings


class ActionTests(DeskTestCase):
    def test_what_is_said_is_a_message_of_the_service(self) -> None:
        assert self.perform("say", "lobby", "The", "service", "restarts.") == "said in lobby, as message 1"

        page = self.in_view(lambda chat: chat.page("lobby", None, 10))
        assert [(each.name, each.text) for each in page.messages] == [("mixsvc", "The service restarts.")]

    def test_nothing_is_said_in_a_room_that_does_not_exist(self) -> None:
        with pytest.raises(ActionRefused, match="^there is no room loby$"):
            self.perform("say", "loby", "hello")

    def test_an_action_that_does_not_exist_is_compared_with_those_that_do(self) -> None:
        with pytest.raises(ActionRefused, match="^there is no action reopn; did you mean reopen"):
            self.perform("reopn")

    def test_wrong_arguments_are_answered_with_the_right_ones(self) -> None:
        with pytest.raises(ActionRefused, match="^it is say ROOM TEXT$"):
            self.perform("say", "lobby")

    def test_a_ban_is_on_record_with_a_name_that_nobody_can_take(self) -> None:
        assert self.perform("ban", "Ann", "600", "too", "loud") == "Ann is banned for 600 s"

        (ban,) = self.desk.overview()["bans"]
        assert (ban["kind"], ban["name"], ban["by"], ban["reason"]) == ("ban", "Ann", "mixsvc", "too loud")
        with pytest.raises(NameTaken):
            self.in_view(lambda chat: chat.claim("MixSvc", "ann"))

    def test_a_field_of_a_form_that_is_left_empty_counts_as_left_out(self) -> None:
        assert self.perform("ban", "Ann", "", "too loud") == "Ann is banned for 86400 s"
        assert self.perform("mute", "Ann", "", "too loud") == "Ann is muted for 86400 s"
        assert self.perform("lift", "Ann", "") == "the ban of Ann is over"
        assert [(each["kind"], each["reason"]) for each in self.desk.overview()["bans"]] == [("mute", "too loud")]

    def test_an_address_is_banned_and_the_ban_lifted(self) -> None:
        self.perform("ban", "192.0.2.7")
        assert [each["address"] for each in self.desk.overview()["bans"]] == ["192.0.2.7"]

        assert self.perform("lift", "192.0.2.7") == "the ban of 192.0.2.7 is over"
        assert self.desk.overview()["bans"] == []

    def test_an_address_with_a_wrong_prefix_is_not_taken_for_a_person(self) -> None:
        for whom in ("192.0.2.7/24", "192.0.2.7/33", "2001:db8::1/64"):
            with pytest.raises(ActionRefused, match="is not an IP address"):
                self.perform("ban", whom)
            with pytest.raises(ActionRefused, match="is not an IP address"):
                self.perform("lift", whom)

    def test_a_mute_is_lifted_by_its_kind(self) -> None:
        self.perform("mute", "Ann")

        with pytest.raises(ActionRefused, match="^There is no ban of Ann"):
            self.perform("lift", "Ann")
        assert self.perform("lift", "Ann", "mute") == "the mute of Ann is over"

    def test_what_moderators_may_not_do_operators_may_not_either(self) -> None:
        with pytest.raises(ActionRefused, match="whole number from 60 to"):
            self.perform("ban", "Ann", "1")
        with pytest.raises(ActionRefused, match="^soon is no number of seconds"):
            self.perform("ban", "Ann", "soon")
        with pytest.raises(ActionRefused, match="^Nobody named Ann is in lobby"):
            self.perform("kick", "lobby", "Ann")

    def test_log_files_are_reopened(self) -> None:
        self.service.stopService()
        self.service = self.started(settings(access_log_file="access.log", port=8081))
        Path("access.log").rename("old")

        assert self.perform("reopen") == "1 log file reopened"
        assert Path("access.log").exists()

    def test_a_log_file_that_cannot_be_reopened_is_named(self) -> None:
        self.service.stopService()
        self.service = self.started(settings(access_log_file="access.log", port=8081))
        Path("access.log").rename("old")
        Path("access.log").mkdir()

        with capturedLogs() as logged, pytest.raises(ActionRefused, match=r"/access\.log cannot be written to"):
            self.perform("reopen")
        assert "mixsvc: log files reopened: 0" in [formatEvent(each) for each in logged]

    def test_a_drained_service_is_not_ready_until_it_is_taken_back(self) -> None:
        with capturedLogs() as logged:
            self.perform("drain")
            assert self.desk.overview()["service"]["stage"] == "drained"

            self.perform("drain", "OFF")
            assert self.desk.overview()["service"]["stage"] == "serving"

        told = [formatEvent(event) for event in logged]
        assert "mixsvc: an operator has taken the service out of rotation" in told
        assert told[-1] == "mixsvc: an operator has put the service back into rotation"

    def test_a_service_that_stops_cannot_be_restarted(self) -> None:
        self.service.stopService()

        with pytest.raises(RestartFailed, match="^the service is stopping$"):
            self.perform("restart")

    def test_a_service_that_stops_cannot_be_drained(self) -> None:
        self.service.stopService()

        with pytest.raises(ActionRefused, match="^The service is stopping"):
            self.perform("drain", "off")

    def test_what_a_restart_needs_is_loaded_before_an_upgrade_replaces_it(self) -> None:
        names = (
            "mixsvc.operations.restart.restarting",
            "mixsvc.http.ports.detaching",
            "mixsvc.operations.control.channel",
        )
        with patch.dict(sys.modules):
            for each in names:
                sys.modules.pop(each, None)
            watch = self.started(settings(admin_listen=("tcp:9090:interface=127.0.0.1",), port=8081)).desk.watch
            self.reactor.advance(3)
            while not watch.history.series()["at"]:
                self.reactor.from_threads.get(timeout=DEADLINE)()

            assert set(names) <= set(sys.modules)
