from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.pages.app import create_app
from mixsvc.pages.static_files import Assets, install_assets
from tests.pages.fakes import FakeChat, FakeMix

FOR_GOOD = "public, max-age=31536000, immutable"


class AssetsTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "vendor").mkdir()
        (self.folder / "main.js").write_text("import './chat.js';")
        (self.folder / "vendor" / "uplot.min.js").write_text("uPlot")
        self.app = Flask("x", static_folder=folder.name, static_url_path="/static")
        self.assets = install_assets(self.app)

    def get(self, path: str) -> tuple[int, str, str | None]:
        with self.app.test_client().get(path) as answer:
            return answer.status_code, answer.get_data(as_text=True), answer.headers.get("Cache-Control")

    def test_what_has_the_version_in_its_address_is_kept_for_good(self) -> None:
        found = self.get(f"/static/v-{self.assets.version}/main.js")

        self.assertEqual(found, (200, "import './chat.js';", FOR_GOOD))

    def test_a_folder_below_is_served_as_well(self) -> None:
        found = self.get(f"/static/v-{self.assets.version}/vendor/uplot.min.js")

        self.assertEqual(found, (200, "uPlot", FOR_GOOD))

    def test_an_address_of_another_version_is_served_and_asked_for_anew(self) -> None:
        self.assertEqual(self.get("/static/v-0123456789abcdef/main.js"), (200, "import './chat.js';", "no-cache"))

    def test_the_plain_address_is_asked_for_anew(self) -> None:
        self.assertEqual(self.get("/static/main.js"), (200, "import './chat.js';", "no-cache"))

    def test_what_is_not_there_is_not_found_and_not_kept(self) -> None:
        for path in ("nothing.js", "../test_assets.py", "vendor"):
            status, _, kept = self.get(f"/static/v-{self.assets.version}/{path}")
            self.assertEqual((status, kept), (404, None))

    def test_a_link_to_elsewhere_is_not_followed(self) -> None:
        (self.folder / "link.js").symlink_to(__file__)
        app = Flask("y", static_folder=str(self.folder), static_url_path="/static")
        version = install_assets(app).version

        with app.test_client().get(f"/static/v-{version}/link.js") as answer:
            self.assertEqual(answer.status_code, 404)

    def test_the_version_changes_with_the_content_and_the_name_of_each_file(self) -> None:
        versions = {self.assets.version}
        (self.folder / "vendor" / "uplot.min.js").write_text("uPlot 2")
        versions.add(Assets(self.folder).version)
        (self.folder / "main.js").rename(self.folder / "other.js")
        versions.add(Assets(self.folder).version)

        self.assertEqual(len(versions), 3)

    def test_the_version_is_the_same_for_the_same_files(self) -> None:
        self.assertEqual(Assets(self.folder).version, self.assets.version)

    def test_modules_are_our_own_scripts(self) -> None:
        self.assertEqual(self.assets.modules(), ["main.js"])
        self.assertTrue(self.assets.has("vendor/uplot.min.js"))
        self.assertFalse(self.assets.has("vendor/sockjs.min.js"))


class OurAssetsTests(SynchronousTestCase):
    def test_every_address_on_the_page_leads_somewhere_and_may_be_kept(self) -> None:
        client = create_app(FakeMix(chat=FakeChat())).test_client()
        page = client.get("/").text
        addresses = [part.partition('"')[0] for part in page.replace("src=", "href=").split('href="')[1:]]

        ours = {address for address in addresses if address.startswith("/static/")}

        self.assertGreater(len(ours), 20)
        for address in ours:
            with client.get(address) as answer:
                self.assertEqual((answer.status_code, answer.headers["Cache-Control"]), (200, FOR_GOOD))
