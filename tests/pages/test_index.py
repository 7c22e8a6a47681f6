import hashlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

import mixsvc.pages.app
from mixsvc.config.settings import ChatSettings, Settings
from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import ChatMessage, ChatPage, Identity
from mixsvc.pages.app import create_app
from mixsvc.pages.index import hue_class, warn_of_missing_libraries
from mixsvc.pages.static_files import EXTENSION, StaticFiles, install_static_files
from tests.pages.fakes import QUOTE, FakeChat, FakeMix, FakeRates
from tests.scripts.bundles import make_bundle

BUNDLE_WARNING = (
    "mixsvc: the page loads its scripts one by one and shows Markdown as it was typed, since the bundle of them {}; "
    "run `make assets`"
)


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

    def scripts(self) -> list[str]:
        """The names of the scripts, without their folders."""
        return [(tag["src"] or "").rpartition("/")[2] for tag in self.tags if tag["tag"] == "script"]


def page_of(app: Flask, script_name: str = "") -> str:
    return app.test_client().get("/", environ_overrides={"SCRIPT_NAME": script_name}).text


class RenderingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.rendered = 0
        self.mix = FakeMix(FakeRates(QUOTE))
        self.app = create_app(self.mix)
        self.app.context_processor(self.count)

    def count(self) -> dict[str, object]:
        self.rendered += 1
        return {}

    def test_a_page_that_shows_the_same_is_rendered_once(self) -> None:
        pages = {page_of(self.app) for _ in range(3)}

        self.assertEqual((len(pages), self.rendered), (1, 1))

    def test_a_page_that_shows_something_else_is_rendered_again(self) -> None:
        page_of(self.app)
        for other, shown in (
            (replace(QUOTE, price=Decimal("1.11720")), "1.11720"),
            (replace(QUOTE, stale=True), "1.1172"),
            (replace(QUOTE, source="another bank"), "another bank"),
        ):
            self.mix.rates = FakeRates(other)
            self.assertIn(shown, page_of(self.app))
        self.assertEqual(self.rendered, 4)

    def test_each_place_has_its_own_links(self) -> None:
        plain, below = page_of(self.app), page_of(self.app, "/shop")

        self.assertIn('"/shop/api/rates"', below)
        self.assertEqual(plain, page_of(self.app))
        self.assertEqual(self.rendered, 2)


class RatesOnThePageTests(SynchronousTestCase):
    def test_each_pair_shows_price_date_and_source(self) -> None:
        html = page_of(create_app(FakeMix()))

        first = html[html.index('data-pair="EUR/USD"') : html.index("</li>")]
        for part in (">EUR/USD<", ">1.1172<", ">2026-10-30<", ">ecb<"):
            self.assertIn(part, first)

    def test_a_pair_without_a_quote_is_unavailable(self) -> None:
        html = page_of(create_app(FakeMix()))

        self.assertIn('<span class="price">unavailable</span>', html[html.index('data-pair="EUR/GBP"') :])

    def test_only_a_stale_quote_is_marked(self) -> None:
        for stale in (True, False):
            html = page_of(create_app(FakeMix(FakeRates(replace(QUOTE, stale=stale)))))
            self.assertEqual("hidden" not in Page(html).of_class("stale")[0], stale)

    def test_what_a_source_calls_itself_is_never_markup(self) -> None:
        html = page_of(create_app(FakeMix(FakeRates(replace(QUOTE, source="<b>bank</b>")))))

        self.assertIn("&lt;b&gt;bank&lt;/b&gt;", html)

    def test_the_converter_knows_the_currencies(self) -> None:
        html = page_of(create_app(FakeMix()))

        self.assertIn("<option selected>EUR</option><option>JPY</option><option>USD</option>", html)

    def test_a_page_without_pairs_and_rates_is_a_page(self) -> None:
        mix = FakeMix(FakeRates())
        mix.pairs = ()

        self.assertIn("Converter", page_of(create_app(mix)))

    def test_the_page_is_not_cached(self) -> None:
        answer = create_app(FakeMix()).test_client().get("/")

        self.assertEqual(answer.headers["Cache-Control"], "no-cache")


class Talker(FakeChat):
    """A chat with this message."""

    def __init__(self, *messages: ChatMessage) -> None:
        super().__init__()
        self.messages = messages

    def page(self, room: str, before: int | None, limit: int) -> ChatPage:
        super().page(room, before, limit)
        return ChatPage(self.messages, first=1, last=len(self.messages))


class MessagesOnThePageTests(SynchronousTestCase):
    def page(self, *messages: ChatMessage) -> str:
        return page_of(create_app(FakeMix(chat=Talker(*messages))))

    def test_the_newest_messages_are_shown_without_scripts(self) -> None:
        html = self.page(ChatMessage(41, "Bob", "anyone here?", 1_700_000_000.5))

        line = html[html.index('data-number="41"') : html.index("</ol>")]
        self.assertIn(">Bob</bdi>", line)
        self.assertIn('datetime="2023-11-14T22:13:20.500Z"', line)
        self.assertIn(">anyone here?</div>", line)

    def test_a_topic_is_not_a_message_and_times_have_their_zone(self) -> None:
        html = self.page(ChatMessage(1, "Bob", "Weather", 1_700_000_000, "topic"), ChatMessage(2, "Al", "", 0, "topic"))

        self.assertEqual([tag["data-kind"] for tag in Page(html).of_class("notice")], ["topic", "topic"])
        self.assertEqual(Page(html).of_class("line"), [])
        self.assertIn('set the topic: <b class="topic-text">Weather</b>', html)
        self.assertIn("removed the topic", html)
        self.assertIn(">2023-11-14 22:13 UTC</time>", html)

    def test_an_edited_message_says_so_and_when(self) -> None:
        edited = ChatMessage(1, "Bob", "hello", 1_700_000_000).with_text("hi", 1_700_000_060)
        html = self.page(edited, ChatMessage(2, "Al", "old", 0, is_edited=True), ChatMessage(3, "Al", "plain", 0))

        self.assertIn('<span class="edited">edited <time class="time" datetime="2023-11-14T22:14:20.000Z">', html)
        self.assertEqual(2, len(Page(html).of_class("edited")))

    def test_names_and_texts_are_never_markup(self) -> None:
        html = self.page(ChatMessage(1, "<i>Bob</i>", "<script>alert(1)</script>", 0))

        self.assertIn("&lt;script&gt;alert(1)", html)
        self.assertIn("&lt;i&gt;Bob", html)
        self.assertNotIn("<i>", html)

    def test_a_deleted_message_is_not_shown(self) -> None:
        html = self.page(ChatMessage(1, "Bob", "", 0, is_deleted=True), ChatMessage(2, "Ann", "hello", 0))

        numbers = [tag.get("data-number") for tag in Page(html).of_class("line")]
        self.assertEqual(numbers, ["2"])

    def test_with_a_busy_chat_the_page_has_no_messages(self) -> None:
        chat = FakeChat()
        chat.trouble = ServiceBusy(5)
        client = create_app(FakeMix(chat=chat)).test_client()

        answer = client.get("/")

        self.assertEqual(answer.status_code, 200)
        self.assertEqual(Page(answer.text).of_class("line"), [])

    def test_guests_who_may_not_read_see_no_messages(self) -> None:
        settings = Settings(chat=ChatSettings(guests=False))
        identities: list[Identity | None] = [None, Identity("7", "Ann")]
        app = create_app(FakeMix(chat=FakeChat()), settings, authenticator=lambda environ: identities.pop(0))

        seen = [len(Page(page_of(app)).of_class("line")) for _ in (1, 2)]

        self.assertEqual(seen, [0, 1])

    def test_a_name_has_one_colour_in_all_its_places(self) -> None:
        self.assertIn(f"who {hue_class('Bob')}", self.page(ChatMessage(1, "Bob", "hello", 0)))
        # names.js works out the same.
        self.assertEqual([hue_class(name) for name in ("Ann", "Bob", "é😀")], ["hue-3", "hue-11", "hue-2"])


class ChatOnThePageTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.app = create_app(FakeMix(chat=FakeChat()))

    def test_the_chat_knows_its_prefix(self) -> None:
        self.assertEqual([tag["data-prefix"] for tag in Page(page_of(self.app)).of_class("talk")], ["/talk"])

    def test_the_chat_is_below_the_prefix_that_a_proxy_removes_unless_it_has_a_url_of_its_own(self) -> None:
        environ = {"SCRIPT_NAME": "/mix/pages", "mixsvc.prefix": "/mix"}
        chat = FakeChat()
        for place, shown in ((chat.prefix, "/mix/talk"), ("https://chat.example/talk", "https://chat.example/talk")):
            chat.prefix = place
            client = create_app(FakeMix(chat=chat)).test_client()
            page = Page(client.get("/", environ_overrides=environ).text)
            self.assertEqual([tag["data-prefix"] for tag in page.of_class("talk")], [shown])

    def test_the_chat_knows_where_its_session_and_its_login_are(self) -> None:
        for mount in ("", "/mix"):
            chat = Page(page_of(self.app, mount)).of_class("talk")[0]
            self.assertEqual(chat["data-session"], f"{mount}/api/session")
            self.assertEqual(chat["data-login"], f"{mount}/api/login")

    def test_a_host_without_the_chat_says_so_and_loads_no_chat(self) -> None:
        html = page_of(create_app(FakeMix(chat=None)))

        self.assertIn(
            "This host does not serve the chat; start it with <code>twistd mixsvc</code> to talk.",
            html,
        )
        self.assertEqual(self.module_of(html), "rates")
        self.assertFalse([name for name in Page(html).scripts() if name.startswith("main")])

    def module_of(self, html: str) -> str:
        """The name of the script that the page begins with, bundled or not, without its hash; it is served."""
        found = [str(tag["src"]) for tag in Page(html).tags if tag["tag"] == "script" and tag.get("type") == "module"]
        with self.app.test_client().get(found[-1]) as served:
            self.assertEqual(served.status_code, 200)
        return found[-1].rpartition("/")[2].partition(".")[0].partition("-")[0]

    def test_a_page_whose_chat_is_away_has_the_rates_says_so_and_looks_for_it(self) -> None:
        class Away(FakeChat):
            def rooms(self) -> Sequence[str]:
                raise ServiceBusy("no process serves the chat now")

        response = create_app(FakeMix(chat=Away())).test_client().get("/")

        self.assertEqual(response.status_code, 200)
        self.assertIn("1.1172", response.text)
        self.assertIn("The chat is away at the moment. This page shows it as soon as it is back.", response.text)
        self.assertEqual(Page(response.text).of_class("talk"), [])
        self.assertEqual(self.module_of(response.text), "away")

    def test_without_javascript_the_page_says_what_is_missing(self) -> None:
        self.assertIn("<noscript><p", page_of(self.app))

    def test_below_a_mount_point_every_address_of_ours_is_below_it(self) -> None:
        page = Page(page_of(self.app, "/mix"))

        links = [tag.get("src") or tag.get("href") or "" for tag in page.tags if "src" in tag or "href" in tag]
        self.assertEqual({link.split("/")[1] for link in links if not link.startswith("#")}, {"mix"})
        self.assertEqual(page.of_class("rates")[0]["data-url"], "/mix/api/rates")

    def test_nothing_is_inline_but_the_style_of_a_bundle(self) -> None:
        page = Page(page_of(self.app))
        files: StaticFiles = self.app.extensions[EXTENSION]

        self.assertNotIn("", page.scripts())
        self.assertFalse([tag for tag in page.tags if "style" in tag])
        self.assertEqual(len([tag for tag in page.tags if tag["tag"] == "style"]), 1 if files.bundle.names else 0)
        self.assertFalse([name for tag in page.tags for name in tag if name.startswith("on")])

    def test_every_field_has_a_label(self) -> None:
        page = Page(page_of(self.app))

        labels = {tag.get("for") for tag in page.tags if tag["tag"] == "label"}
        fields = [tag for tag in page.tags if tag["tag"] in ("input", "select") and tag.get("type") != "radio"]
        self.assertEqual({tag["id"] for tag in fields} - labels, set())


class ScriptsTests(SynchronousTestCase):
    """The page loads the bundle of its scripts if it is there, else one module after another."""

    def setUp(self) -> None:
        # Not mktemp: below pytest it would make its folder in the checkout.
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

        def elsewhere(app: Flask) -> StaticFiles:
            app.static_folder = folder.name
            return install_static_files(app)

        self.patch(mixsvc.pages.app, "install_static_files", elsewhere)

    def app(self, *names: str) -> Flask:
        for name in ("main.js", "views/log.js", "client/fallback.js", *names):
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return create_app(FakeMix(chat=FakeChat()))

    def names(self, *names: str) -> list[str]:
        """The names of all scripts and styles that the page loads, in their order."""
        tags = Page(page_of(self.app(*names))).tags
        found = [tag.get("src") or tag.get("href") or "" for tag in tags if tag["tag"] in ("script", "link")]
        return [url.rpartition("/")[2] for url in found if not url.endswith(".svg")]

    def test_without_a_bundle_the_modules_are_loaded_at_once_and_what_may_be_needed_later_is_not(self) -> None:
        self.assertEqual(self.names("vendor/uplot.js"), ["style.css", "main.js", "log.js", "main.js"])

    def test_without_a_bundle_the_style_of_a_package_is_loaded_first(self) -> None:
        self.assertEqual(self.names("vendor/uplot.min.css")[:2], ["uplot.min.css", "style.css"])

    def test_a_bundle_is_one_script_and_a_style_inside_the_page(self) -> None:
        make_bundle(self.folder, {"main.js": "main-1.js", "style.css": "style-1.css"})

        self.assertEqual(self.names("vendor/uplot.min.css"), ["main-1.js"])
        self.assertIn('data-href="/static/built/style-1.css">style-1.css</style>', page_of(self.app()))

    def test_the_policy_of_the_page_permits_this_style_and_no_other_one(self) -> None:
        make_bundle(self.folder, {"style.css": "style-1.css"})
        (self.folder / "built" / "style-1.css").write_text("b{top:0}\n/*# sourceMappingURL=style-1.css.map */\n")

        answer = self.app().test_client().get("/")

        style = answer.text.partition("<style")[2].partition(">")[2].partition("</style>")[0]
        self.assertEqual(style, "b{top:0}\n")
        source = b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self.assertIn(f"; style-src 'self' 'sha256-{source}'; ", answer.headers["Content-Security-Policy"])

    def test_a_page_that_is_not_compressed_has_no_style_in_itself(self) -> None:
        make_bundle(self.folder, {"style.css": "style-1.css"})
        chat = FakeChat()
        chat.asks_permission = True
        client = create_app(FakeMix(chat=chat)).test_client()

        for answer in (client.get("/"), client.get("/nowhere")):
            self.assertIn("/style-1.css", answer.text)
            self.assertIn("; style-src 'self'; ", answer.headers["Content-Security-Policy"])

    def test_whoever_runs_the_service_is_told_that_the_bundle_is_not_used(self) -> None:
        packages = ("vendor/uplot.js", "vendor/uplot.min.css", "vendor/sockjs.min.js", "vendor/markdown-it.js")
        self.assertEqual(self.warning(*packages), [BUNDLE_WARNING.format("was not made")])

        make_bundle(self.folder, {"main.js": "main-1.js"})
        self.assertEqual(self.warning(*packages), [])

        (self.folder / "main.js").write_text("changed")
        self.assertEqual(self.warning(*packages), [BUNDLE_WARNING.format("is older than they are")])

    def warning(self, *names: str) -> list[str]:
        app = self.app(*names)
        with capturedLogs() as events:
            warn_of_missing_libraries(app)
        return [formatEvent(event) for event in events]
