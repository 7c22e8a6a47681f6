"""What clients post: xhr_send and jsonp_send."""

import json

from twisted.trial.unittest import SynchronousTestCase

from tests.txsockjs.fakes import Service
from txsockjs.testing import MemoryResponse

FORM = "application/x-www-form-urlencoded"


class Case(SynchronousTestCase):
    options: dict[str, object] = {}

    def setUp(self) -> None:
        self.service = Service(options=self.options)
        self.service.post("/0/s/xhr")

    @property
    def messages(self) -> list[bytes]:
        return self.service.apps.last.messages

    def send(self, body: bytes, **headers: str) -> MemoryResponse:
        return self.service.post("/0/s/xhr_send", body, **headers)

    def form(self, body: bytes, kind: str = FORM) -> MemoryResponse:
        return self.service.post("/0/s/jsonp_send", body, Content_Type=kind)


class XHRSendTests(Case):
    def test_the_answer_is_empty_and_has_a_type_all_the_same(self) -> None:
        answer = self.send(b'["x"]')

        self.assertEqual((answer.status, answer.body), (204, b""))
        self.assertEqual(answer.headers["content-type"], "text/plain; charset=UTF-8")

    def test_the_messages_arrive_in_order_one_at_a_time(self) -> None:
        self.send(b'["x","y","\\u00e9"]')

        self.assertEqual(self.messages, [b"x", b"y", "é".encode()])

    def test_any_content_type_is_accepted(self) -> None:
        for kind in ("text/plain", "T", "application/json", "application/xml", "", "text/xml; charset=utf-8", FORM):
            self.assertEqual(self.send(b'["a"]', Content_Type=kind).status, 204, kind)
        self.send(b'["a"]')

        self.assertEqual(self.messages, [b"a"] * 8)

    def test_no_messages_are_fine(self) -> None:
        self.assertEqual((self.send(b"[]").status, self.messages), (204, []))

    def test_an_unknown_session_is_not_found_and_not_made(self) -> None:
        answer = self.service.post("/0/none/xhr_send", b'["x"]')

        self.assertEqual((answer.status, self.service.resource.numbers().sessions), (404, {"xhr": 1}))

    def test_a_session_that_is_closing_is_not_found(self) -> None:
        self.service.apps.last.transport.loseConnection()

        self.assertEqual(self.send(b'["x"]').status, 404)

    def test_mistakes_are_answered_in_the_protocols_words(self) -> None:
        for body, text in (
            (b"", b"Payload expected."),
            (b'["x', b"Broken JSON encoding."),
            (b"null", b"Payload expected."),
            (b'["\xff"]', b"Broken JSON encoding."),
        ):
            answer = self.send(body)
            self.assertEqual((answer.status, answer.body), (500, text))
            self.assertEqual(answer.headers["content-type"], "text/plain; charset=UTF-8")

    def test_the_session_goes_on_after_a_mistake(self) -> None:
        self.send(b'["x')
        self.send(b"")

        self.assertEqual((self.send(b'["a"]').status, self.messages), (204, [b"a"]))

    def test_nothing_is_delivered_of_a_batch_with_a_mistake(self) -> None:
        for body in (b'["a",1]', b'["a",null]', b'["a",{}]'):
            self.assertEqual((self.send(body).status, self.messages), (500, []))

    def test_a_lone_surrogate_reaches_the_application_and_comes_back(self) -> None:
        self.send(b'["\\ud800"]')
        self.service.apps.last.transport.write(self.messages[0])
        self.service.flush()

        self.assertEqual(self.service.post("/0/s/xhr").body, b'a["\\ud800"]\n')

    def test_every_escape_round_trips(self) -> None:
        text = "".join(chr(code) for code in range(0x20, 0x10000))
        self.send(json.dumps([text]).encode())
        self.service.apps.last.transport.write(self.messages[0])
        self.service.flush()

        self.assertEqual(json.loads(self.service.post("/0/s/xhr").body[1:]), [json.loads(json.dumps(text))])


class LimitTests(Case):
    options: dict[str, object] = {"max_message": 10, "max_body": 30}

    def test_a_message_of_the_limit_is_taken(self) -> None:
        self.assertEqual((self.send(b'["%s"]' % (b"x" * 10)).status, self.messages), (204, [b"x" * 10]))

    def test_a_byte_more_is_refused_and_nothing_delivered(self) -> None:
        self.assertEqual((self.send(b'["a","%s"]' % (b"x" * 11)).status, self.messages), (413, []))

    def test_bytes_are_counted_and_not_characters(self) -> None:
        self.assertEqual(self.send('["éééééé"]'.encode()).status, 413)
        self.assertEqual(self.send('["ééééé"]'.encode()).status, 204)

    def test_a_body_of_the_limit_is_taken(self) -> None:
        self.assertEqual(self.send(b"[]".ljust(30)).status, 204)

    def test_a_body_of_a_byte_more_is_refused(self) -> None:
        answer = self.send(b"[]".ljust(31))

        self.assertEqual((answer.status, answer.headers["access-control-allow-origin"]), (413, "*"))

    def test_jsonp_has_the_same_limits(self) -> None:
        self.assertEqual(self.form(b"d=[]".ljust(31)).status, 413)
        self.assertEqual(self.form(b'd=["%s"]' % (b"x" * 11)).status, 413)


class JSONPSendTests(Case):
    def test_the_answer_is_ok(self) -> None:
        answer = self.form(b"d=%5B%22x%22%5D")

        self.assertEqual((answer.status, answer.body, self.messages), (200, b"ok", [b"x"]))
        self.assertEqual(answer.headers["content-type"], "text/plain; charset=UTF-8")

    def test_a_form_is_decoded(self) -> None:
        self.form(b"a=1&d=%5B%22a+b%2B%C3%A9%22%5D&z=")

        self.assertEqual(self.messages, ["a b+é".encode()])

    def test_a_form_may_say_its_charset(self) -> None:
        for kind in (FORM + "; charset=UTF-8", FORM.upper() + ";charset=utf-8"):
            self.assertEqual(self.form(b"d=%5B%5D", kind).body, b"ok")

    def test_any_other_type_is_the_json_itself(self) -> None:
        self.form(b'["%61bc"]', "text/plain")

        self.assertEqual(self.messages, [b"%61bc"])

    def test_the_query_is_ignored(self) -> None:
        self.service.post("/0/s/jsonp_send?i=1&d=%5B%22q%22%5D", b"d=%5B%22x%22%5D", Content_Type=FORM)

        self.assertEqual(self.messages, [b"x"])

    def test_mistakes_are_answered_in_the_protocols_words(self) -> None:
        for body, text in (
            (b"", b"Payload expected."),
            (b"d=", b"Payload expected."),
            (b"p=p", b"Payload expected."),
            (b"d=%5B%22x", b"Broken JSON encoding."),
            (b"d=%5B%22%FF%22%5D", b"Broken JSON encoding."),
            (b"d=1", b"Payload expected."),
        ):
            self.assertEqual((self.form(body).status, self.form(body).body), (500, text), body)
        self.assertEqual(self.form(b"", "text/plain").body, b"Payload expected.")

    def test_the_session_goes_on_after_a_mistake(self) -> None:
        self.form(b"d=%5B%22x")
        self.form(b"d=%5B%22b%22%5D")

        self.assertEqual(self.messages, [b"b"])

    def test_an_unknown_session_is_not_found(self) -> None:
        self.assertEqual(self.service.post("/0/none/jsonp_send", b"d=%5B%5D", Content_Type=FORM).status, 404)

    def test_a_form_may_have_a_hundred_fields_and_no_more(self) -> None:
        self.assertEqual(self.form(b"d=%5B%5D" + b"&a=" * 99).status, 200)
        self.assertEqual(self.form(b"d=%5B%5D" + b"&a=" * 100).status, 413)
