"""What holds for xhr_send and jsonp_send."""

from tests.txsockjs._http.cases import SendCase


class LimitTests(SendCase):
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
