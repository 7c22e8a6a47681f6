import os
from dataclasses import replace
from html.parser import HTMLParser
from tempfile import TemporaryDirectory

from flask import Flask
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.web.app import create_app
from tests.web.fakes import QUOTE, FakeChat, FakeMix, FakeRates


class Page(HTMLParser):
    """The tags of a page, each a dict of its attributes with its name under "tag"."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[dict[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append({"tag": tag, **dict(attrs)})

    def of_class(self, name: str) -> list[dict[str, str | None]]:
        return [tag for tag in self.tags if name in (tag.get("class") or "").split()]

    def scripts(self) -> list[str | None]:
        return [tag.get("src") for tag in self.tags if tag["tag"] == "script"]


def page_of(app: Flask, script_name: str = "") -> str:
    return app.test_client().get("/", environ_overrides={"SCRIPT_NAME": script_name}).text


class RatesOnThePageTests(SynchronousTestCase):
    def test_the_first_pair_is_large_and_shows_price_date_and_source(self) -> None:
        html = page_of(create_app(FakeMix()))

        large = html[html.index("rate-large") : html.index("</article>")]
        for part in ("EUR/USD", ">1.1172<", ">2026-10-30<", ">ecb<"):
            self.assertIn(part, large)

    def test_a_pair_without_a_quote_is_unavailable(self) -> None:
        html = page_of(create_app(FakeMix()))

        self.assertIn('<p class="price">unavailable</p>', html[html.index('data-pair="EUR/GBP"') :])

    def test_only_a_stale_quote_is_marked(self) -> None:
        for stale in (True, False):
            html = page_of(create_app(FakeMix(FakeRates(replace(QUOTE, stale=stale)))))
            self.assertEqual("hidden" not in Page(html).of_class("stale")[0], stale)

    def test_what_a_source_calls_itself_is_never_markup(self) -> None:
        html = page_of(create_app(FakeMix(FakeRates(replace(QUOTE, source="<b>bank</b>")))))

        self.assertIn("&lt;b&gt;bank&lt;/b&gt;", html)

    def test_the_page_is_asked_for_anew_each_time(self) -> None:
        answer = create_app(FakeMix()).test_client().get("/")

        self.assertEqual(answer.headers["Cache-Control"], "no-cache")


class ChatOnThePageTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.app = create_app(FakeMix(chat=FakeChat()))
        # Not mktemp: below pytest it would make its folder in the checkout.
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.app.static_folder = folder.name

    def test_the_chat_knows_its_prefix(self) -> None:
        self.assertEqual([tag["data-prefix"] for tag in Page(page_of(self.app)).of_class("chat")], ["/talk"])

    def test_the_chat_knows_where_its_session_is(self) -> None:
        for mount in ("", "/mix"):
            chat = Page(page_of(self.app, mount)).of_class("chat")[0]
            self.assertEqual(chat["data-session"], f"{mount}/api/session")

    def test_without_the_sockjs_client_only_our_modules_are_loaded(self) -> None:
        self.assertEqual(Page(page_of(self.app)).scripts(), ["/static/rates.js", "/static/main.js"])

    def test_the_sockjs_client_is_loaded_first_where_there_is_one(self) -> None:
        vendor = os.path.join(str(self.app.static_folder), "vendor")
        os.makedirs(vendor)
        with open(os.path.join(vendor, "sockjs.min.js"), "w"):
            pass

        scripts = Page(page_of(self.app)).scripts()

        self.assertEqual(scripts, ["/static/vendor/sockjs.min.js", "/static/rates.js", "/static/main.js"])

    def test_a_host_without_the_chat_says_so_and_loads_no_chat(self) -> None:
        html = page_of(create_app(FakeMix(chat=None)))

        self.assertIn(
            "This host does not serve the chat; start it with <code>twistd mixsvc</code> to talk.",
            html,
        )
        self.assertEqual(Page(html).scripts(), ["/static/rates.js"])

    def test_without_javascript_the_page_says_what_is_missing(self) -> None:
        self.assertIn("<noscript><p", page_of(self.app))

    def test_below_a_mount_point_every_address_of_ours_is_below_it(self) -> None:
        page = Page(page_of(self.app, "/mix"))

        links = [tag.get("src") or tag.get("href") or "" for tag in page.tags if "src" in tag or "href" in tag]
        self.assertEqual({link.split("/")[1] for link in links}, {"mix"})
        self.assertEqual(page.of_class("rates")[0]["data-url"], "/mix/api/rates")

    def test_nothing_is_inline(self) -> None:
        page = Page(page_of(self.app))

        self.assertNotIn(None, page.scripts())
        self.assertFalse([tag for tag in page.tags if tag["tag"] == "style" or "style" in tag])
        self.assertFalse([name for tag in page.tags for name in tag if name.startswith("on")])

    def test_every_field_has_a_label(self) -> None:
        page = Page(page_of(self.app))

        fields = {tag["id"] for tag in page.tags if tag["tag"] == "input"}
        self.assertEqual(fields, {tag["for"] for tag in page.tags if tag["tag"] == "label"})
