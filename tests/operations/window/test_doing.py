"""Actions by forms: asked for, confirmed, done, and said what came of them."""

import json
import re
from html import unescape

from twisted.internet.defer import fail

from tests.operations.window.desk import HOSTILE
from tests.operations.window.operator import WindowTestCase


class ActionTests(WindowTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.log_in()

    def test_a_form_does_it_and_the_next_page_says_what_came_of_it_once(self) -> None:
        reply = self.do("say", {"room": "lobby", "text": " Hello, all of you! "})

        assert (reply.status, reply.headers["location"]) == (303, "../../")
        assert self.desk.done == [("say", ["lobby", "Hello, all of you!"])]
        assert ">say is done</p>" in self.get().body
        assert "say is done" not in self.get().body

    def test_each_action_has_a_form_with_its_arguments(self) -> None:
        body = self.get().body

        for action in self.desk.actions().values():
            form = re.search(
                rf'<form class="action-form" method="post" action="window/do/{action.name}".*?</form>', body, re.S
            )
            assert form, action.name
            fields = re.findall(r'<input id="[\w-]+" name="(\w+)"', form[0])
            assert fields == [each.name for each in action.arguments]
            assert form[0].count(" required") == sum(each.default is None for each in action.arguments)

    def test_what_cannot_be_done_is_said(self) -> None:
        self.do("say", {"room": "nowhere", "text": "x"})

        assert 'data-ok="no">say: there is no room nowhere</p>' in self.get().body

    def test_what_fails_is_in_the_log_and_the_page_says_so(self) -> None:
        self.desk.answers = {"reopen": fail(ZeroDivisionError())}

        self.do("reopen", {})

        assert "It failed; the log of the service says why." in self.get().body
        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 1

    def test_some_are_asked_about_first(self) -> None:
        question = self.do("ban", {"room": "lobby", "person": HOSTILE})

        assert question.status == 200
        assert "Really ban?" in question.body
        assert HOSTILE not in question.body
        assert self.desk.done == []
        fields = {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', question.body)}
        assert self.post("/window/do/ban", fields).status == 303
        assert self.desk.done == [("ban", ["lobby", HOSTILE])]

    def test_what_came_of_a_restart_is_a_page_as_the_next_one_comes_from_another_process(self) -> None:
        done = self.do("restart", {"confirmed": "yes"})

        assert done.status == 200
        assert 'data-ok="yes">restart is done</p>' in done.body
        assert '<a class="button" href="../../">To the window</a>' in done.body
        assert "restart is done" not in self.get().body

    def test_dangerous_ones_are_among_those(self) -> None:
        for action in ("drain", "close", "ban"):
            self.do(action, {})
        assert self.desk.done == []

    def test_a_button_of_a_table_gives_all_words_at_once(self) -> None:
        words = re.search(r'form="row-lift" name="words" value="([^"]*)"', self.get().body)
        assert words

        self.do("lift", {"words": unescape(words[1])})

        assert self.desk.done == [("lift", [HOSTILE, "mute"])]

    def test_words_that_are_no_list_are_none(self) -> None:
        for words in ("", "{", "{}", "7", '"x"'):
            self.do("reopen", {"words": words})
        assert self.desk.done == [("reopen", [])] * 5

    def test_a_script_gets_the_result_itself(self) -> None:
        done = self.do("reopen", {}, Accept="application/json")
        refused = self.do("say", {"room": "nowhere", "text": "x"}, Accept="application/json")

        assert json.loads(done.body) == {"ok": True, "text": "reopen is done"}
        assert json.loads(refused.body) == {"ok": False, "text": "say: there is no room nowhere"}
        assert "reopen is done" not in self.get().body

    def test_an_action_that_does_not_exist_is_not_found(self) -> None:
        for path in ("explode", "say/x"):
            assert self.do(path, {}).status == 404

    def test_a_body_that_is_no_form_does_nothing(self) -> None:
        for body in ("\x00", "&" * 100, "proof", "=", '{"proof": 1}'):
            assert self.send("POST", "/window/do/reopen", {}, body).status == 403
        assert self.desk.done == []
