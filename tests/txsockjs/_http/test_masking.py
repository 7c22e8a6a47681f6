"""What logs show of a session's name, with which anybody could use the session."""

from typing import Any, Final

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http import combinedLogFormatter
from twisted.web.server import Request

from tests.txsockjs._http.test_ownership import RECEIVING, SENDING
from tests.txsockjs.fakes import Service

URLS: Final = (*RECEIVING, *SENDING, ("OPTIONS", "/0/s/xhr"), ("GET", "/0/s/websocket"), ("GET", "/0/s/nothing"))


class MaskingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service()
        self.requests: list[Request] = []
        site: Any = self.service.site
        site.requestFactory = self.make_request

    def make_request(self, *args: Any) -> Request:
        self.requests.append(Request(*args))
        return self.requests[-1]

    @property
    def logged(self) -> list[str]:
        """What twisted.web's access log shows of each request."""
        return [combinedLogFormatter("", request).split('"')[3].split(" ")[1] for request in self.requests]

    def test_no_log_shows_the_name_of_a_session(self) -> None:
        for method, path in URLS:
            self.service.request(method, path.replace("/s/", "/secret/"), b"")
            self.assertRegex(self.logged[-1], "^/echo/0/~[0-9a-f]{8}/", path)
            self.assertNotIn("secret", repr(self.requests[-1]))

    def test_the_query_stays(self) -> None:
        self.service.get("/0/secret/jsonp?c=x&a=/b/c/d")

        self.assertRegex(self.logged[0], "^/echo/0/~[0-9a-f]{8}/jsonp[?]c=x&a=/b/c/d$")

    def test_requests_of_one_session_can_be_told_from_those_of_another(self) -> None:
        for name in ("one", "two", "one"):
            self.service.post(f"/0/{name}/xhr_send", b"[]")

        self.assertEqual(self.logged[0], self.logged[2])
        self.assertNotEqual(self.logged[0], self.logged[1])

    def test_another_service_shows_the_same_name_otherwise(self) -> None:
        self.service.post("/0/one/xhr_send", b"[]")
        (first,) = self.logged
        self.setUp()
        self.service.post("/0/one/xhr_send", b"[]")

        self.assertNotEqual(self.logged[0], first)

    def test_encoded_and_absolute_urls_are_masked_as_well(self) -> None:
        head = b" HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n[]"
        for url in (
            b"/echo/0/%73ecret/xhr_send",
            b"/%65cho/0/secr%65t/xhr%5Fsend",
            b"/echo/0/secret/xhr_send/more/of/it",
        ):
            self.service.send(b"POST " + url + head)
        self.service.post("/0/secret", b"[]")

        self.assertEqual(len(self.logged), 4)
        for line in self.logged:
            self.assertNotRegex(line, "s.{0,3}ecr", line)

    def test_other_urls_stay_as_they_are(self) -> None:
        for path in ("", "/", "/info", "/info?t=1", "/iframe-1.2.html", "/websocket", "/nothing"):
            self.service.get(path)
            self.assertEqual(self.logged[-1], f"/echo{path}")
