"""GET /api/rooms/ROOM/search."""

from mixsvc.errors import TooFast
from tests.pages.api.test_rooms import SHOWN, Case
from tests.pages.fakes import MESSAGE


class SearchTests(Case):
    def test_the_answer_has_the_messages_and_the_words_and_where_it_goes_on(self) -> None:
        answer = self.client.get("/api/rooms/lobby/search?q=FOX")

        found = {"room": "lobby", "messages": [MESSAGE.as_json()], "words": ["fox"]}
        self.assertEqual((200, {**found, "before": 7}), (answer.status_code, answer.get_json()))
        self.assertEqual(found, self.client.get("/api/rooms/lobby/search?q=FOX&before=7&limit=50").get_json())
        expected = [("lobby", "FOX", None, 20), ("lobby", "FOX", 7, 50)]
        self.assertEqual(expected, [each[:4] for each in self.chat.searched])

    def test_searches_are_counted_for_the_address_the_session_or_not_for_a_program(self) -> None:
        self.client.get("/api/rooms/lobby/search?q=x", environ_base={"REMOTE_ADDR": "192.0.2.7"})
        self.client.post("/api/session", json={"name": "Ann"})
        self.client.get("/api/rooms/lobby/search?q=x")
        self.client.get("/api/rooms/lobby/search?q=x", headers=SHOWN)

        address, session, program = [each[4] for each in self.chat.searched]
        self.assertEqual(("address:192.0.2.7", True, ""), (address, len(session) > 10, program))

    def test_a_query_that_is_missing_or_too_long_is_400_and_an_unknown_room_404(self) -> None:
        for query in ("", "q=", f"q={'x' * 201}", "q=x&limit=51", "q=x&before=0"):
            self.refused(self.client.get(f"/api/rooms/lobby/search?{query}"), 400)
        self.refused(self.client.get("/api/rooms/attic/search?q=x"), 404)
        self.refused(self.client.get(f"/api/rooms/{'x' * 33}/search?q=x"), 404)
        self.assertEqual([], self.chat.searched)

    def test_who_searches_too_often_gets_429(self) -> None:
        self.chat.trouble = TooFast("search again in 7 s", 7)

        answer = self.client.get("/api/rooms/lobby/search?q=x")

        self.refused(answer, 429)
        self.assertEqual("7", answer.headers["Retry-After"])

    def test_a_room_that_one_may_not_search_is_403_also_if_that_changes_meanwhile(self) -> None:
        self.chat.asks_permission = True
        self.chat.refused.add((None, "search", "lobby"))

        self.refused(self.client.get("/api/rooms/lobby/search?q=x"), 403)
        self.assertEqual([], self.chat.searched)

        answers = iter([True, False])
        self.patch(self.chat, "allows", lambda *asked: next(answers))
        self.refused(self.client.get("/api/rooms/lobby/search?q=x"), 403)
        self.assertEqual(1, len(self.chat.searched))


class ClosedTests(Case):
    chat_settings = Case.chat_settings.__class__(guests=False)

    def test_a_stranger_searches_nothing(self) -> None:
        self.refused(self.client.get("/api/rooms/lobby/search?q=x"), 401)
        self.assertEqual(200, self.client.get("/api/rooms/lobby/search?q=x", headers=SHOWN).status_code)
