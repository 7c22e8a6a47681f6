"""The name of the function that htmlfile and jsonp call."""

from tests.txsockjs._http.cases import ReceiveCase


class CallbackTests(ReceiveCase):
    def refused(self, query: str) -> set[tuple[int, bytes, str]]:
        answers = [self.service.get(f"/0/s/{name}{query}") for name in ("jsonp", "htmlfile")]
        return {(answer.status, answer.body, answer.headers["content-type"]) for answer in answers}

    def test_a_missing_callback_is_refused_in_the_protocols_words(self) -> None:
        for query in ("", "?c=", "?d=x"):
            self.assertEqual(
                self.refused(query), {(500, b'"callback" parameter required', "text/plain; charset=UTF-8")}
            )

    def test_a_callback_with_other_characters_is_refused_in_the_protocols_words(self) -> None:
        for given in ("%20", "*", "abc(", "abc%28", "a%0A", "%C3%A9", "%3Cscript%3E", "x" * 33):
            self.assertEqual(
                self.refused(f"?c={given}"), {(500, b'invalid "callback" parameter', "text/plain; charset=UTF-8")}
            )

    def test_a_refused_request_leaves_no_session_behind(self) -> None:
        self.refused("")
        self.refused("?c=*")

        self.assertEqual((self.service.resource.numbers().opened, self.service.apps.all), (0, []))
