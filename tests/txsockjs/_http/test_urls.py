"""Which URLs exist, and the answer of all others."""

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import NoResource, getChildForRequest
from twisted.web.test.requesthelper import DummyRequest

from tests.txsockjs.fakes import Service

CROSS = {"Origin": "http://a.example"}


class PathTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service()

    def test_the_base_is_the_greeting_with_and_without_a_slash(self) -> None:
        for path in ("", "/"):
            self.assertEqual(self.service.get(path).body, b"Welcome to SockJS!\n")

    def test_other_simple_paths_are_not_found(self) -> None:
        for path in ("/a", "/a.html", "//", "///", "/a/a", "/a/a/", "/a/", "/info/", "/websocket/", "/a/a/xhr/"):
            self.assertEqual(self.service.get(path).status, 404, path)

    def test_server_and_session_may_be_anything(self) -> None:
        for path in ("/a/a", "/_/_", "/1/", "/abcdefgh_i-j%20/abcdefg_i-j%20", "/%C3%A9/%FF"):
            path = path + "1" if path.endswith("/") else path
            self.assertEqual(self.service.post(path + "/xhr").body, b"o\n", path)

    def test_server_and_session_are_not_empty_and_have_no_dot(self) -> None:
        for path in ("//xhr", "/a./a/xhr", "/a/a./xhr", "/././xhr", "///xhr", "////xhr", "/a%2e/a/xhr"):
            self.assertEqual(self.service.get(path).status, 404, path)
            self.assertEqual(self.service.post(path).status, 404, path)

    def test_the_session_is_known_by_its_own_part_alone(self) -> None:
        self.service.post("/000/s/xhr")
        self.service.post("/000/s/xhr_send", b'["a"]')

        self.service.apps.last.transport.write("back")

        self.assertEqual(self.service.apps.last.messages, [b"a"])
        self.service.flush()
        self.assertEqual(self.service.post("/999/s/xhr").body, b'a["back"]\n')

    def test_a_name_is_the_same_however_it_is_escaped(self) -> None:
        self.service.post("/0/a%20b/xhr")

        self.assertEqual(self.service.post("/0/%61%20%62/xhr_send", b"[]").status, 204)

    def test_an_unknown_transport_is_not_found(self) -> None:
        for name in ("xhr2", "chunking_test", "XHR", ""):
            self.assertEqual(self.service.post(f"/0/s/{name}").status, 404, name)

    def test_two_services_do_not_mix_their_sessions(self) -> None:
        other = Service()
        self.service.post("/0/s/xhr")

        self.assertEqual(other.post("/0/s/xhr_send", b"[]").status, 404)

    def test_a_refused_url_is_plain_text_with_cors(self) -> None:
        answer = self.service.get("/a", **CROSS)

        self.assertEqual(answer.headers["content-type"], "text/plain; charset=UTF-8")
        self.assertEqual(answer.headers["access-control-allow-origin"], "http://a.example")

    def test_it_is_an_instance_of_twisteds_no_resource(self) -> None:
        missing = getChildForRequest(self.service.resource, DummyRequest([b"nothing"]))

        self.assertIsInstance(missing, NoResource)
        self.assertEqual(self.flushWarnings(), [])


class MethodTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service()

    def test_the_response_to_a_wrong_method_names_the_right_ones_without_body_and_type(self) -> None:
        for method, path, right in (
            ("GET", "/0/s/xhr", "OPTIONS, POST"),
            ("GET", "/0/s/xhr_send", "OPTIONS, POST"),
            ("GET", "/0/s/xhr_streaming", "OPTIONS, POST"),
            ("GET", "/0/s/jsonp_send", "OPTIONS, POST"),
            ("POST", "/0/s/eventsource", "OPTIONS, GET"),
            ("POST", "/0/s/htmlfile", "OPTIONS, GET"),
            ("POST", "/0/s/jsonp", "OPTIONS, GET"),
            ("POST", "/0/s/websocket", "OPTIONS, GET"),
            ("POST", "/websocket", "OPTIONS, GET"),
            ("POST", "/info", "OPTIONS, GET, HEAD"),
            ("DELETE", "", "OPTIONS, GET, HEAD"),
        ):
            answer = self.service.request(method, path, b"")
            self.assertEqual((answer.status, answer.headers["allow"], answer.body), (405, right, b""), path)
            self.assertNotIn("content-type", answer.headers)

    def test_head_is_answered_where_no_session_is_concerned(self) -> None:
        for path in ("", "/info", "/iframe.html"):
            answer = self.service.request("HEAD", path, None, **CROSS)
            self.assertEqual((answer.status, answer.body), (200, b""), path)
            self.assertEqual(answer.headers["access-control-allow-origin"], "http://a.example")

    def test_head_makes_no_session(self) -> None:
        for name in ("eventsource", "htmlfile?c=x", "jsonp?c=x"):
            self.assertEqual(self.service.request("HEAD", f"/0/s/{name}").status, 405)

        self.assertEqual(self.service.resource.numbers().opened, 0)
