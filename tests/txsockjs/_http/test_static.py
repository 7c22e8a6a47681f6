"""Greeting, iframe page and /info."""

import json
import re

from twisted.trial.unittest import SynchronousTestCase

from tests.txsockjs.fakes import Service

PAGE = """\
<!DOCTYPE html>
<html>
<head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
  <script src="/sockjs.js"></script>
  <script>
    document.domain = document.domain;
    SockJS.bootstrap_iframe();
  </script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>"""


class GreetingTests(SynchronousTestCase):
    def test_it_is_nineteen_bytes_of_plain_text(self) -> None:
        answer = Service().get("")

        self.assertEqual((answer.status, answer.body), (200, b"Welcome to SockJS!\n"))
        self.assertEqual(answer.headers["content-type"], "text/plain; charset=UTF-8")
        self.assertEqual(answer.headers["content-length"], "19")


class IFrameTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.service = Service(options={"sockjs_url": "/sockjs.js"})

    def test_the_page_is_the_protocols_byte_for_byte(self) -> None:
        self.assertEqual(self.service.get("/iframe.html").body.decode().strip(), PAGE)

    def test_it_has_many_names(self) -> None:
        for name in ("-a", "-", "-0.1.2", "-0.1.2abc-dirty.2144", "", "_x"):
            for query in ("", "?t=1234"):
                self.assertEqual(self.service.get(f"/iframe{name}.html{query}").status, 200, name)

    def test_other_names_are_not_found(self) -> None:
        for path in (
            "/iframe.htm",
            "/iframe",
            "/IFRAME.HTML",
            "/IFRAME",
            "/iframe.HTML",
            "/iframe.xml",
            "/iframe-/.html",
            "/iframe-A.html",
            "/iframe.html%0a",
        ):
            self.assertEqual(self.service.get(path).status, 404, path)

    def test_it_may_be_kept_for_a_year(self) -> None:
        headers = self.service.get("/iframe.html").headers

        self.assertEqual(headers["content-type"], "text/html; charset=UTF-8")
        self.assertEqual(headers["cache-control"], "public, max-age=31536000")
        self.assertTrue(headers["expires"].endswith(" GMT"))
        self.assertNotIn("last-modified", headers)

    def test_the_clients_url_is_escaped(self) -> None:
        body = Service(options={"sockjs_url": '/"><script>&'}).get("/iframe.html").body

        self.assertIn(b'src="/&quot;&gt;&lt;script&gt;&amp;"', body)

    def test_its_tag_is_quoted_and_changes_with_the_clients_url_alone(self) -> None:
        tag = self.service.get("/iframe.html").headers["etag"]

        self.assertRegex(tag, re.compile('^"[0-9a-f]+"$'))
        self.assertEqual(self.service.get("/iframe-1.html?t=1").headers["etag"], tag)
        self.assertEqual(Service(options={"sockjs_url": "/sockjs.js"}).get("/iframe.html").headers["etag"], tag)
        self.assertNotEqual(Service().get("/iframe.html").headers["etag"], tag)

    def test_a_client_that_has_it_gets_an_empty_response_without_type(self) -> None:
        first = self.service.get("/iframe.html").headers

        again = self.service.get("/iframe.html", If_None_Match=first["etag"])

        self.assertEqual((again.status, again.body), (304, b""))
        self.assertNotIn("content-type", again.headers)
        for name in ("etag", "cache-control", "expires"):
            self.assertIn(name, again.headers)

    def test_the_tag_may_be_in_a_list_or_weak_or_a_star(self) -> None:
        tag = self.service.get("/iframe.html").headers["etag"]

        for given in (f'"x",{tag}', f'"x" , {tag}', f"W/{tag}", "*", f'{tag}, "y"'):
            self.assertEqual(self.service.get("/iframe.html", If_None_Match=given).status, 304, given)

    def test_another_tag_gets_the_page(self) -> None:
        tag = self.service.get("/iframe.html").headers["etag"]

        for given in ('"x"', tag.strip('"'), tag[:-2] + '"', ""):
            self.assertEqual(self.service.get("/iframe.html", If_None_Match=given).status, 200, given)


class InfoTests(SynchronousTestCase):
    def about(self, **options: object) -> dict[str, object]:
        about: dict[str, object] = json.loads(Service(options=options).get("/info").body)
        return about

    def test_it_is_json(self) -> None:
        answer = Service().get("/info")

        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["content-type"], "application/json; charset=UTF-8")

    def test_it_says_what_the_service_can_do(self) -> None:
        about = self.about()

        self.assertEqual((about["websocket"], about["cookie_needed"], about["origins"]), (True, False, ["*:*"]))

    def test_it_says_that_websockets_are_off(self) -> None:
        self.assertIs(self.about(websocket=False)["websocket"], False)

    def test_it_says_that_a_cookie_is_needed(self) -> None:
        self.assertIs(self.about(cookie_needed=True)["cookie_needed"], True)

    def test_its_origins_are_always_all(self) -> None:
        self.assertEqual(self.about(origins=["https://good.example"])["origins"], ["*:*"])

    def test_its_entropy_is_a_number_of_32_bits_and_another_each_time(self) -> None:
        numbers = [self.about()["entropy"] for _ in range(20)]

        self.assertGreater(len(set(numbers)), 15)
        for number in numbers:
            assert isinstance(number, int)
            self.assertTrue(0 <= number < 2**32)
