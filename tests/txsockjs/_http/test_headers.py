"""The headers that all answers share, and who may ask."""

from email.utils import parsedate_to_datetime
from typing import Final

from twisted.internet.interfaces import ISSLTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.server import Request
from zope.interface import implementer

from tests.txsockjs.fakes import Service
from txsockjs.interfaces import IRequestScheme
from txsockjs.testing import MemoryResponse, MemoryTransport, MemoryWebSocket

NO_CACHE = "no-store, no-cache, no-transform, must-revalidate, max-age=0"
SESSION_URLS = (
    ("POST", "/0/s/xhr"),
    ("POST", "/0/s/xhr_send"),
    ("POST", "/0/s/xhr_streaming"),
    ("GET", "/0/s/eventsource"),
    ("GET", "/0/s/htmlfile?c=x"),
    ("GET", "/0/s/jsonp?c=x"),
    ("POST", "/0/s/jsonp_send"),
)
PREFLIGHTED = ("/info", "/0/s/xhr", "/0/s/xhr_send", "/0/s/xhr_streaming")


class CacheTests(SynchronousTestCase):
    def test_no_answer_of_a_session_and_no_info_may_be_kept_or_changed(self) -> None:
        for method, path in (*SESSION_URLS, ("GET", "/info")):
            headers = Service().request(method, path, b"").headers
            self.assertEqual(headers["cache-control"], NO_CACHE, path)
            self.assertNotIn("expires", headers)
            self.assertNotIn("last-modified", headers)


class CorsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service()

    def test_an_origin_is_echoed_with_credentials(self) -> None:
        for method, path in (*SESSION_URLS, ("GET", "/info")):
            for origin in ("test", "null"):
                headers = Service().request(method, path, b"", Origin=origin).headers
                self.assertEqual(headers["access-control-allow-origin"], origin, path)
                self.assertEqual(headers["access-control-allow-credentials"], "true")

    def test_without_an_origin_it_is_a_star_and_no_credentials(self) -> None:
        headers = self.service.get("/info").headers

        self.assertEqual(headers["access-control-allow-origin"], "*")
        self.assertNotIn("access-control-allow-credentials", headers)

    def test_the_answer_varies_with_the_origin_always(self) -> None:
        for path in ("", "/info", "/iframe.html", "/nothing"):
            self.assertEqual(self.service.get(path).headers["vary"], "Origin")

    def test_refusals_can_be_read_by_the_script_that_asked(self) -> None:
        for path in ("/0/none/xhr_send", "/0/none/jsonp_send", "/nothing"):
            answer = self.service.post(path, b'["x', Origin="test")
            self.assertEqual((answer.status, answer.headers["access-control-allow-origin"]), (404, "test"))
        self.assertEqual(self.service.get("/0/s/jsonp", Origin="test").headers["access-control-allow-origin"], "test")

    def test_requested_headers_are_echoed_as_they_are(self) -> None:
        headers = self.service.options("/0/s/xhr", Access_Control_Request_Headers="a, b, C").headers

        self.assertEqual(headers["access-control-allow-headers"], "a, b, C")

    def test_without_requested_headers_there_are_none(self) -> None:
        self.assertNotIn("access-control-allow-headers", self.service.options("/0/s/xhr").headers)
        empty = self.service.options("/0/s/xhr", Access_Control_Request_Headers="")
        self.assertNotIn("access-control-allow-headers", empty.headers)


class PreflightTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service()

    def test_it_is_an_empty_answer_without_type(self) -> None:
        for path in (*PREFLIGHTED, "/0/s/eventsource", "/0/s/htmlfile", "/0/s/jsonp", "/0/s/jsonp_send"):
            answer = self.service.options(path, Origin="test")
            self.assertEqual((answer.status, answer.body), (204, b""), path)
            self.assertEqual(answer.headers["access-control-allow-origin"], "test")

    def test_it_may_be_kept_for_a_year(self) -> None:
        for path in PREFLIGHTED:
            headers = self.service.options(path).headers
            self.assertEqual(headers["cache-control"], "public, max-age=31536000")
            self.assertEqual(headers["access-control-max-age"], "31536000")
            self.assertTrue(headers["expires"].endswith(" GMT"))

    def test_it_expires_in_a_year(self) -> None:
        headers = self.service.options("/info").headers

        left = parsedate_to_datetime(headers["expires"]) - parsedate_to_datetime(headers["date"])

        self.assertLess(abs(left.total_seconds() - 31536000), 60)

    def test_it_names_the_method(self) -> None:
        for path in PREFLIGHTED:
            allowed = self.service.options(path).headers["access-control-allow-methods"]
            self.assertEqual(allowed, "OPTIONS, GET" if path == "/info" else "OPTIONS, POST")

    def test_it_makes_no_session(self) -> None:
        for path in PREFLIGHTED:
            self.service.options(path)

        self.assertEqual(self.service.resource.numbers().opened, 0)


class CookieTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service(options={"cookie_needed": True})

    def test_every_session_url_sets_it(self) -> None:
        for method, path in SESSION_URLS:
            self.assertEqual(self.service.request(method, path, b"").headers["set-cookie"], "JSESSIONID=dummy; path=/")

    def test_the_value_that_is_there_is_kept(self) -> None:
        headers = self.service.post("/0/s/xhr", Cookie="a=b; JSESSIONID=abcdef").headers

        self.assertEqual(headers["set-cookie"], "JSESSIONID=abcdef; path=/")

    def test_a_value_that_is_no_cookie_is_not_echoed(self) -> None:
        for value in ('"a"', "a,b", "a\\b", "é", "x" * 4097):
            headers = self.service.post("/0/s/xhr_send", Cookie=f"JSESSIONID={value}").headers
            self.assertEqual(headers["set-cookie"], "JSESSIONID=dummy; path=/", value)

    def test_other_urls_set_none(self) -> None:
        for path in ("", "/info", "/iframe.html"):
            self.assertNotIn("set-cookie", self.service.get(path).headers)

    def test_no_cookie_is_set_unless_the_option_is_on(self) -> None:
        for method, path in SESSION_URLS:
            self.assertNotIn("set-cookie", Service().request(method, path, b"", Cookie="JSESSIONID=a").headers)


class OriginTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service(options={"origins": ["self", "https://good.example"]})
        self.service.post("/0/s/xhr")

    def send(self, **headers: str) -> MemoryResponse:
        return self.service.post("/0/s/xhr_send", b'["x"]', **headers)

    def test_a_listed_origin_may_post(self) -> None:
        answer = self.send(Origin="https://GOOD.example")

        self.assertEqual(answer.status, 204)
        self.assertEqual(answer.headers["access-control-allow-origin"], "https://GOOD.example")

    def test_the_own_origin_may_post(self) -> None:
        for origin in ("http://localhost", "http://localhost:80", "http://LOCALHOST"):
            self.assertEqual(self.send(Origin=origin).status, 204, origin)

    def test_another_origin_is_refused_and_gets_no_cors_headers(self) -> None:
        others = ("https://evil.example", "null", "http://localhost:81", "http://localhost:", "http://good.example")
        for origin in (*others, "http://[", ""):
            answer = self.send(Origin=origin)
            self.assertEqual((answer.status, self.service.apps.last.messages), (403, []), origin)
            self.assertNotIn("access-control-allow-origin", answer.headers)

    def test_a_request_without_origin_is_allowed_as_no_browser_sent_it(self) -> None:
        self.assertEqual(self.send().status, 204)

    def test_a_request_of_another_site_without_origin_is_refused(self) -> None:
        for site in ("cross-site", "same-site"):
            self.assertEqual(self.service.get("/0/t/jsonp?c=x", Sec_Fetch_Site=site).status, 403)
        self.assertEqual(self.service.get("/0/t/jsonp?c=x", Sec_Fetch_Site="same-origin").status, 200)

    def test_every_session_url_checks_the_origin(self) -> None:
        for method, path in SESSION_URLS:
            answer = self.service.request(method, path.replace("/s/", "/new/"), b"", Origin="https://evil.example")
            self.assertEqual(answer.status, 403, path)

        self.assertEqual(self.service.resource.numbers().opened, 1)

    def test_the_websocket_urls_check_the_origin(self) -> None:
        for path in ("/0/s/websocket", "/websocket"):
            self.assertEqual(self.service.get(path, Origin="https://evil.example").status, 403)

    def test_a_preflight_of_another_gets_no_cors(self) -> None:
        headers = self.service.options("/0/s/xhr", Origin="https://evil.example").headers

        self.assertNotIn("access-control-allow-origin", headers)

    def test_greeting_and_info_are_for_all_but_readable_for_the_listed(self) -> None:
        answer = self.service.get("/info", Origin="https://evil.example")

        self.assertEqual(answer.status, 200)
        self.assertNotIn("access-control-allow-origin", answer.headers)

    def test_the_iframe_runs_only_in_pages_of_the_listed(self) -> None:
        policy = self.service.get("/iframe.html").headers["content-security-policy"]

        self.assertEqual(policy, "frame-ancestors 'self' https://good.example")

    def test_without_the_option_any_page_may_embed_it(self) -> None:
        for options in ({}, {"origins": None}, {"origins": ["*"]}):
            self.assertNotIn("content-security-policy", Service(options=options).get("/iframe.html").headers)

    def test_an_empty_list_allows_no_origin(self) -> None:
        service = Service(options={"origins": []})

        self.assertEqual(service.post("/0/s/xhr", Origin="http://localhost").status, 403)
        self.assertEqual(service.get("/iframe.html").headers["content-security-policy"], "frame-ancestors 'none'")

    def test_a_star_allows_every_origin(self) -> None:
        self.assertEqual(Service(options={"origins": ["*"]}).post("/0/s/xhr", Origin="null").status, 200)

    def test_every_spelling_of_an_origin_is_that_origin(self) -> None:
        service = Service(options={"origins": ["HTTPS://Good.example:443", "http://[2001:DB8:0:0::1]:80"]})
        same = ("https://good.example", "https://good.example:443", "http://[2001:db8::1]")
        others = ("http://good.example", "http://good.example:443", "https://[2001:db8::1]")
        for number, origin in enumerate(same):
            self.assertEqual(service.post(f"/0/{number}/xhr", Origin=origin).status, 200, origin)
        for origin in others:
            self.assertEqual(service.post("/0/s/xhr", Origin=origin).status, 403, origin)

    def test_a_websocket_of_a_listed_origin_opens(self) -> None:
        socket = MemoryWebSocket(self.service)

        self.assertEqual(socket.texts, ["o"])


@implementer(ISSLTransport)
class TLSTransport(MemoryTransport):
    """A connection over TLS."""

    def getPeerCertificate(self) -> None:
        """No client has one here."""


class TLSService(Service):
    """Reached over TLS."""

    def send(self, data: bytes) -> MemoryResponse:
        transport = TLSTransport(self.site)
        transport.receive(data)
        self.flush()
        return MemoryResponse(transport)


@implementer(IRequestScheme)
class PlainRequest(Request):
    """Knows that its client has come without TLS."""

    def client_scheme(self) -> str:
        return "http"


SELF: Final = {"origins": ["self"]}
UPGRADE: Final = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": "x3JJHMbDL1EzLkh9GBhXDw==",
}


class SchemeTests(SynchronousTestCase):
    """The own origin has the scheme of the service's URL, where that is known."""

    def plain(self) -> Service:
        service = Service(options=SELF)
        service.site.requestFactory = PlainRequest
        return service

    def test_over_tls_a_page_without_tls_is_another_origin_to_every_url(self) -> None:
        for method, path in SESSION_URLS:
            service = TLSService(options=SELF)
            service.post("/0/s/xhr")
            answer = service.request(method, path, b'["x"]', Origin="http://localhost")
            self.assertEqual((answer.status, service.apps.last.messages), (403, []), path)
            self.assertNotIn("access-control-allow-origin", answer.headers)
            allowed = service.request(method, path, b'["x"]', Origin="https://localhost")
            # A poll has no answer yet.
            self.assertNotIn(b" 403 ", allowed.transport.value(), path)

    def test_over_tls_a_page_without_tls_opens_no_websocket(self) -> None:
        for path in ("/0/s/websocket", "/websocket"):
            for origin, status in (
                ("http://localhost", 403),
                ("http://localhost:443", 403),
                ("https://localhost", 101),
            ):
                answer = TLSService(options=SELF).get(path, Origin=origin, **UPGRADE)
                self.assertEqual(answer.status, status, origin)

    def test_over_tls_a_page_without_tls_reads_nothing(self) -> None:
        for path in ("/info", "", "/iframe.html", "/nothing"):
            headers = TLSService(options=SELF).get(path, Origin="http://localhost").headers
            self.assertNotIn("access-control-allow-origin", headers)
            headers = TLSService(options=SELF).get(path, Origin="https://localhost").headers
            self.assertEqual(headers["access-control-allow-origin"], "https://localhost")

    def test_without_tls_a_page_over_tls_is_another_origin_if_the_request_knows(self) -> None:
        self.assertEqual(self.plain().post("/0/s/xhr", Origin="https://localhost").status, 403)
        self.assertEqual(self.plain().post("/0/s/xhr", Origin="http://localhost").status, 200)

    def test_where_the_scheme_is_not_known_both_are_the_own_origin(self) -> None:
        for origin in ("http://localhost", "https://localhost"):
            self.assertEqual(Service(options=SELF).post("/0/s/xhr", Origin=origin).status, 200)

    def test_a_listed_origin_may_have_another_scheme(self) -> None:
        service = TLSService(options={"origins": ["self", "http://localhost"]})

        self.assertEqual(service.post("/0/s/xhr", Origin="http://localhost").status, 200)
