"""The chat's scripts for other people's pages: where they are, who may load them, and how long they are cached."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import pytest
from twisted.web.test.requesthelper import DummyRequest

from mixsvc.http.routing import ChatOnlyRoot
from mixsvc.scripts.chat_scripts import STATIC, ChatScripts
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


def get(scripts: ChatScripts, path: str, headers: Sequence[tuple[str, str]] = ()) -> DummyRequest:
    """The request after the response to it; ETag is there as in the real one."""
    segments = [each.encode() for each in path.split("/")]
    assert scripts.has(segments)
    request = DummyRequest(segments)
    for name, value in headers:
        request.requestHeaders.addRawHeader(name, value)
    content = scripts.render_GET(request)  # type: ignore[arg-type]  # like a Request
    assert isinstance(content, bytes)
    request.written = [content]
    return request


def header(request: DummyRequest, name: str) -> str | None:
    found = request.responseHeaders.getRawHeaders(name)
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
        answer = get(bundled, "client.js", [("accept-encoding", accepted)])
        assert (header(answer, "content-encoding"), answer.written) == (coding, [content])
        assert header(answer, "vary") == "Accept-Encoding"
    assert get(bundled, "client.js").written == [b"client-1.js"]


def test_each_form_has_a_tag_by_which_the_browser_asks_whether_it_has_changed(bundled: ChatScripts) -> None:
    tags = {bundled_tag(bundled, coding) for coding in ("br", "gzip", "")}

    assert len(tags) == 3


class TaggedRequest(DummyRequest):
    """Keeps the tag; setETag of the real one answers 304."""

    tag = b""

    def setETag(self, tag: bytes) -> None:
        self.tag = tag


def bundled_tag(scripts: ChatScripts, accepted: str) -> bytes:
    request = TaggedRequest([b"client.js"])
    request.requestHeaders.addRawHeader("accept-encoding", accepted)
    scripts.render_GET(request)  # type: ignore[arg-type]  # like a Request
    return request.tag


def test_the_types_are_there(bundled: ChatScripts) -> None:
    assert get(bundled, "client.d.ts").written == [b"client.d.ts"]


def test_without_a_bundle_the_modules_are_loaded_one_by_one(static: Path) -> None:
    scripts = ChatScripts(static)

    assert get(scripts, "client.js").written == [b'export * from "./src/client/client.js";\n']
    assert get(scripts, "src/client/chat.js").written == [b"chat.js"]
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
    ]
    + ["src/client/..", "manifest.json", "main.js", "%00", "src/client/../../x.js", "000/session/websocket", "ü.js"],
)
def test_every_other_path_is_the_chats(static: Path, path: str) -> None:
    assert not ChatScripts(static).has([each.encode() for each in path.split("/")])


def test_a_bundle_has_no_modules_besides(bundled: ChatScripts) -> None:
    assert not bundled.has([b"src", b"client", b"chat.js"])


def test_our_own_are_beside_the_chat_in_every_host() -> None:
    from twisted.web.resource import Resource

    root = ChatOnlyRoot(Resource(), "/live/chat")
    request = DummyRequest([b"chat", b"client.js"])

    found = root.getChildWithDefault(b"live", request)  # type: ignore[arg-type]  # like a Request

    assert isinstance(found, ChatScripts) and request.postpath == [b"client.js"]
    assert (STATIC / "client" / "client.js").is_file()
