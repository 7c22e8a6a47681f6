"""The jsonp transports: jsonp, jsonp_send."""

from tests.txsockjs._http.cases import FORM, JAVASCRIPT, ReceiveCase, SendCase
from tests.txsockjs.fakes import Service


class JSONPTests(ReceiveCase):
    def test_an_answer_is_one_call(self) -> None:
        answer = self.service.get("/0/s/jsonp?c=%63allback")

        self.assertEqual((answer.status, answer.chunks), (200, [b'/**/callback("o");\r\n', b""]))
        self.assertEqual(answer.headers["content-type"], JAVASCRIPT)

    def test_messages_are_in_a_string_in_a_call(self) -> None:
        self.service.get("/0/s/jsonp?c=x")
        self.write("x", "%61")

        self.assertEqual(self.service.get("/0/s/jsonp?c=x").body, b'/**/x("a[\\"x\\",\\"%61\\"]");\r\n')

    def test_no_browser_may_guess_another_type(self) -> None:
        self.assertEqual(self.service.get("/0/s/jsonp?c=x").headers["x-content-type-options"], "nosniff")

    def test_the_callback_may_be_called_callback(self) -> None:
        self.assertEqual(self.service.get("/0/s/jsonp?callback=x").body, b'/**/x("o");\r\n')

    def test_the_names_that_clients_use_are_accepted(self) -> None:
        for name in ("_jp.a1b2c3", "a-b", "x" * 32):
            self.assertEqual(Service().get(f"/0/s/jsonp?c={name}").status, 200, name)


class JSONPSendTests(SendCase):
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
