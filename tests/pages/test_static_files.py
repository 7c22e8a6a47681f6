"""The static files of the page: their URLs, how long browsers may cache them, and that nothing outside is served."""

import gzip
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from flask import Flask
from flask.testing import FlaskClient
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.pages.app import create_app
from mixsvc.pages.static_files import EXTENSION, StaticFiles, install_static_files
from tests.pages.fakes import FakeChat, FakeMix
from tests.scripts.bundles import make_bundle

CACHED_FOR_EVER = "public, max-age=31536000, immutable"


class StaticFilesTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "vendor").mkdir()
        (self.folder / "main.js").write_text("import './chat.js';")
        (self.folder / "vendor" / "uplot.min.js").write_text("uPlot")
        self.app = Flask("x", static_folder=folder.name, static_url_path="/static")
        self.files = install_static_files(self.app)

    def get(self, path: str) -> tuple[int, str, str | None]:
        with self.app.test_client().get(path) as answer:
            return answer.status_code, answer.get_data(as_text=True), answer.headers.get("Cache-Control")

    def test_a_url_with_the_version_is_cached_for_ever(self) -> None:
        found = self.get(f"/static/v-{self.files.version}/main.js")

        self.assertEqual(found, (200, "import './chat.js';", CACHED_FOR_EVER))

    def test_a_folder_below_is_served_as_well(self) -> None:
        found = self.get(f"/static/v-{self.files.version}/vendor/uplot.min.js")

        self.assertEqual(found, (200, "uPlot", CACHED_FOR_EVER))

    def test_a_url_of_another_version_is_served_and_not_cached(self) -> None:
        self.assertEqual(self.get("/static/v-0123456789abcdef/main.js"), (200, "import './chat.js';", "no-cache"))

    def test_the_plain_url_is_not_cached(self) -> None:
        self.assertEqual(self.get("/static/main.js"), (200, "import './chat.js';", "no-cache"))

    def test_a_file_that_does_not_exist_is_404_and_not_cached(self) -> None:
        for path in ("nothing.js", "../test_static_files.py", "vendor"):
            status, _, kept = self.get(f"/static/v-{self.files.version}/{path}")
            self.assertEqual((status, kept), (404, None))

    def test_a_link_that_leads_outside_is_not_followed(self) -> None:
        (self.folder / "link.js").symlink_to(__file__)
        app = Flask("y", static_folder=str(self.folder), static_url_path="/static")
        version = install_static_files(app).version

        with app.test_client().get(f"/static/v-{version}/link.js") as answer:
            self.assertEqual(answer.status_code, 404)

    def test_the_version_changes_with_the_content_and_the_name_of_each_file(self) -> None:
        versions = {self.files.version}
        (self.folder / "vendor" / "uplot.min.js").write_text("uPlot 2")
        versions.add(StaticFiles(self.folder).version)
        (self.folder / "main.js").rename(self.folder / "other.js")
        versions.add(StaticFiles(self.folder).version)

        self.assertEqual(len(versions), 3)

    def test_the_version_is_the_same_for_the_same_files(self) -> None:
        self.assertEqual(StaticFiles(self.folder).version, self.files.version)

    def test_modules_are_our_own_scripts(self) -> None:
        self.assertEqual(self.files.modules(), ["main.js"])
        self.assertTrue(self.files.has("vendor/uplot.min.js"))
        self.assertFalse(self.files.has("vendor/sockjs.min.js"))


class OwnStaticFilesTests(SynchronousTestCase):
    def test_every_url_on_the_page_exists_and_may_be_cached(self) -> None:
        client = create_app(FakeMix(chat=FakeChat())).test_client()
        # A bundle's style is inside the first one.
        page = client.get("/").text + client.get("/nowhere").text
        addresses = [part.partition('"')[0] for part in page.replace("src=", "href=").split('href="')[1:]]

        ours = {address for address in addresses if address.startswith("/static/")}

        self.assertEqual({Path(address).suffix for address in ours}, {".css", ".js", ".svg"})
        for address in ours:
            with client.get(address) as answer:
                self.assertEqual((answer.status_code, answer.headers["Cache-Control"]), (200, CACHED_FOR_EVER))


class BundledFilesTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "main.js").write_text("import './chat.js';")
        make_bundle(self.folder, {"main.js": "main-1.js", "style.css": "style-1.css"})
        app = Flask("x", static_folder=folder.name, static_url_path="/static")
        self.files = install_static_files(app)
        self.client = app.test_client()

    def test_a_file_is_sent_in_the_form_that_the_browser_takes_and_caches_know_on_what_it_depends(self) -> None:
        for accepted, coding, body in (
            ("gzip, br", "br", b"Brotli"),
            ("gzip", "gzip", b"main-1.js"),
            ("", None, b"main-1.js"),
        ):
            with self.client.get("/static/built/main-1.js", headers={"Accept-Encoding": accepted}) as answer:
                self.assertEqual(answer.headers.get("Content-Encoding"), coding)
                self.assertEqual((answer.headers["Vary"], answer.mimetype), ("Accept-Encoding", "text/javascript"))
                self.assertEqual(answer.headers["Cache-Control"], CACHED_FOR_EVER)
                found = answer.get_data()
            self.assertEqual(gzip.decompress(found) if coding == "gzip" else found, body)

    def test_each_form_has_a_tag_of_its_own(self) -> None:
        tags = set()
        for accepted in ("br", "gzip", ""):
            with self.client.get("/static/built/main-1.js", headers={"Accept-Encoding": accepted}) as answer:
                tags.add(answer.headers["ETag"])

        self.assertEqual(len(tags), 3)

    def test_styles_and_source_maps_have_their_types(self) -> None:
        for name, mimetype in (("style-1.css", "text/css"), ("main-1.js.map", "application/json")):
            with self.client.get(f"/static/built/{name}", headers={"Accept-Encoding": "br"}) as answer:
                self.assertEqual((answer.status_code, answer.mimetype), (200, mimetype))

    def test_other_files_of_the_folder_are_not_of_the_bundle(self) -> None:
        for name in ("manifest.json", "main-1.js.br", "%00", "nothing.js"):
            self.assertEqual(self.client.get(f"/static/built/{name}").status_code, 404)

    def test_an_upgrade_that_removes_the_bundle_takes_only_what_nobody_has_asked_for_yet(self) -> None:
        before = self.client.get("/static/built/main-1.js").data
        style = self.files.style

        shutil.rmtree(self.folder / "built")

        self.assertEqual(self.client.get("/static/built/main-1.js").data, before)
        self.assertEqual(self.client.get("/static/built/style-1.css").status_code, 404)
        self.assertIs(self.files.style, style)


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    """An app whose static folder is reached by a symbolic link, and contains links that lead inside and outside."""
    (tmp_path / "secret").write_text("secret")
    folder = tmp_path / "real"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "file").write_text("file")
    (folder / "inside").symlink_to(folder / "sub" / "file")
    (folder / "outside").symlink_to(tmp_path / "secret")
    (folder / "up").symlink_to(tmp_path)
    (tmp_path / "static").symlink_to(folder)
    app = Flask("test", static_folder=str(tmp_path / "static"))
    install_static_files(app)
    return app.test_client()


@pytest.mark.parametrize("path", ["sub/file", "inside"])
def test_the_plain_route_serves_what_is_in_the_folder(client: FlaskClient, path: str) -> None:
    with client.get(f"/static/{path}") as answer:
        assert (answer.status_code, answer.get_data()) == (200, b"file")


def test_a_range_of_bytes_is_served(client: FlaskClient) -> None:
    for unit in ("bytes", " Bytes "):
        with client.get("/static/sub/file", headers={"Range": f"{unit}=1-2"}) as answer:
            assert (answer.status_code, answer.get_data()) == (206, b"il")


def test_a_range_is_for_get_alone(client: FlaskClient) -> None:
    for value in ("bytes=1-2", "bytes=100-200"):
        with client.head("/static/sub/file", headers={"Range": value}) as answer:
            assert (answer.status_code, answer.headers["Content-Length"]) == (200, "4")
            assert "Content-Range" not in answer.headers


@pytest.mark.parametrize(
    "value", ["x=1", "lines=1-2", "nonsense", "", "bytes\x85=0-1", "bytes", "none=", "items=0-0", "bytes=0-0,2-3"]
)
def test_a_range_in_another_unit_is_ignored(client: FlaskClient, value: str) -> None:
    version = client.application.extensions[EXTENSION].version
    for folder in ("static", f"static/v-{version}", "static/v-0"):
        with client.get(f"/{folder}/sub/file", headers={"Range": value}) as answer:
            assert (answer.status_code, answer.get_data()) == (200, b"file")


@pytest.mark.parametrize(
    "path", ["outside", "up/secret", "../secret", "..%2fsecret", "%00", "sub/%00", "", "sub", "sub/", "nothing"]
)
def test_what_is_outside_and_folders_are_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(f"/static/{path}").status_code == 404
