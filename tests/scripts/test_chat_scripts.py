"""The chat's scripts for other people's pages: where they are, who may load them, and how long they are cached."""

import gzip
import posixpath
import re
import shutil
from pathlib import Path

import pytest

from mixsvc.answers.answer import Answer
from mixsvc.answers.asked import Asked
from mixsvc.scripts.chat_scripts import ChatScripts
from mixsvc.scripts.page_files import STATIC
from tests.scripts.bundles import make_bundle


@pytest.fixture
def static(tmp_path: Path) -> Path:
    for folder, name in (
        ("client", "client.js"),
        ("client", "chat.js"),
        ("types", "client.d.ts"),
        ("views", "page.js"),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).write_text(name)
    return tmp_path


@pytest.fixture
def bundled(static: Path) -> ChatScripts:
    make_bundle(static, {"client/client.js": "client-1.js", "client/fallback.js": "fallback-1.js"})
    return ChatScripts(static)


def get(scripts: ChatScripts, path: str, accepted: str = "", method: str = "GET") -> Answer:
    segments = [each.encode() for each in path.split("/")]
    assert scripts.has(segments)
    return scripts.answer(segments, Asked(method, "", {"accept-encoding": accepted}))


def header(answer: Answer, name: str) -> str | None:
    found = [value.decode() for each, value in answer.fields if each.decode().lower() == name]
    return found[0] if found else None


def test_pages_of_every_origin_may_load_them(bundled: ChatScripts) -> None:
    for path in ("client.js", "fallback-1.js"):
        answer = get(bundled, path)
        assert header(answer, "access-control-allow-origin") == "*"
        assert header(answer, "cross-origin-resource-policy") == "cross-origin"
        assert header(answer, "content-type") == "text/javascript; charset=utf-8"


def test_what_a_page_names_is_asked_for_again_and_what_that_loads_is_kept(bundled: ChatScripts) -> None:
    assert header(get(bundled, "client.js"), "cache-control") == "public, max-age=300"
    assert header(get(bundled, "fallback-1.js"), "cache-control") == "public, max-age=31536000, immutable"
    assert header(get(bundled, "client-1.js.map"), "cache-control") == "public, max-age=31536000, immutable"


def test_they_are_compressed_as_the_browser_likes(bundled: ChatScripts) -> None:
    for accepted, coding, content in (("br", "br", b"Brotli"), ("gzip", "gzip", gzip.compress(b"client-1.js"))):
        answer = get(bundled, "client.js", accepted)
        assert (header(answer, "content-encoding"), answer.body) == (coding, content)
        assert header(answer, "vary") == "Accept-Encoding"
    assert get(bundled, "client.js").body == b"client-1.js"


def test_each_form_has_a_tag_by_which_the_browser_asks_whether_it_has_changed(bundled: ChatScripts) -> None:
    tags = {header(get(bundled, "client.js", coding), "etag") for coding in ("br", "gzip", "")}

    assert len(tags) == 3


def test_the_types_are_there(bundled: ChatScripts) -> None:
    assert get(bundled, "client.d.ts").body == b"client.d.ts"


def test_without_a_bundle_the_modules_are_loaded_one_by_one(static: Path) -> None:
    scripts = ChatScripts(static)

    assert get(scripts, "client.js").body == b'export * from "./src/client/client.js";\n'
    assert get(scripts, "src/client/chat.js").body == b"chat.js"
    assert header(get(scripts, "src/client/chat.js"), "cache-control") == "public, max-age=300"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "info",
        "websocket",
        "iframe.html",
        "client",
        "client.js/x",
        "src/main.js",
        "src/rates/rates.js",
        "src/client/nothing.js",
        "src",
        "src/views/moderation/moderation.js",
    ]
    + ["src/client/..", "manifest.json", "main.js", "%00", "src/client/../../x.js", "000/session/websocket", "ü.js"],
)
def test_every_other_path_is_the_chats(static: Path, path: str) -> None:
    assert not ChatScripts(static).has([each.encode() for each in path.split("/")])


@pytest.mark.parametrize("entry", ["client", "widget"])
def test_without_a_bundle_every_module_that_is_loaded_is_there(tmp_path: Path, entry: str) -> None:
    # In a checkout without npm its libraries are missing: they are loaded when they are needed, and may be absent.
    static = shutil.copytree(STATIC, tmp_path / "static", ignore=shutil.ignore_patterns("built", "vendor"))
    scripts = ChatScripts(static)
    waiting = [f"{entry}/{entry}.js"]
    found = set(waiting)
    while waiting:
        module = waiting.pop()
        # What is followed by a dot is a type.
        imports = re.findall(r'(?:from |import\()"(\.[^"]+)"(?!\)\.)', get(scripts, f"src/{module}").body.decode())
        loaded = {posixpath.normpath(posixpath.join(posixpath.dirname(module), each)) for each in imports} - found
        found |= loaded
        waiting += [each for each in loaded if not each.startswith("vendor/")]
    assert len(found) > 10


def test_a_bundle_has_no_modules_besides(bundled: ChatScripts) -> None:
    assert not bundled.has([b"src", b"client", b"chat.js"])


def test_a_script_can_only_be_read(bundled: ChatScripts) -> None:
    answer = get(bundled, "client.js", method="POST")

    assert (answer.status, header(answer, "allow")) == (405, "GET, HEAD")


def test_an_upgrade_that_removes_the_bundle_takes_only_what_nobody_has_asked_for_yet(static: Path) -> None:
    make_bundle(static, {"client/client.js": "client-1.js", "client/fallback.js": "fallback-1.js"})
    scripts = ChatScripts(static)
    assert scripts.has([b"client.js"])

    shutil.rmtree(static / "built")

    assert scripts.answer([b"client.js"], Asked("GET", "", {})).body == b"client-1.js"
    assert not scripts.has([b"fallback-1.js"])
