"""Where a page finds a chat on another port."""

import pytest
from flask import Flask

from mixsvc.pages.app import HEADERS
from mixsvc.pages.chat_url import Elsewhere, allow_chat
from tests.pages.fakes import FakeChat, FakeMix

POLICY = "Content-Security-Policy"


@pytest.mark.parametrize(
    ("page", "url"),
    [
        ("http://example.org/", "http://example.org:8081/chat"),
        ("http://example.org:5000/", "http://example.org:8081/chat"),
        ("https://example.org/", "https://example.org:8081/chat"),
        ("http://[::1]:5000/", "http://[::1]:8081/chat"),
    ],
)
def test_it_is_another_port_of_the_host_that_the_page_came_from(page: str, url: str) -> None:
    with Flask("x").test_request_context(base_url=page):
        assert Elsewhere("", "/chat").url(8081) == url


def test_a_host_header_can_add_nothing_to_the_page() -> None:
    with Flask("x").test_request_context(headers={"Host": 'x";script-src *'}):
        assert Elsewhere("", "/chat").url(8081) == "http://127.0.0.1:8081/chat"


def test_what_the_settings_say_counts_everywhere() -> None:
    elsewhere = Elsewhere("https://chat.example.org/chat/", "/chat")

    assert elsewhere.url(None) == elsewhere.url(8081) == "https://chat.example.org/chat"


def test_outside_of_a_request_it_is_this_machine() -> None:
    assert Elsewhere("", "/chat").url(8081) == "http://127.0.0.1:8081/chat"


def test_without_a_port_it_is_a_path() -> None:
    assert Elsewhere("", "/chat").url(None) == "/chat"


def policy(prefix: str | None, content_type: str = "text/html") -> str | None:
    chat = FakeChat()
    chat.prefix = prefix or ""
    app = Flask("x")
    allow_chat(app, FakeMix(chat=chat if prefix else None))

    @app.get("/")
    def index() -> tuple[str, dict[str, str]]:
        return "page", {"Content-Type": content_type}

    return app.test_client().get("/").headers.get(POLICY)


def test_the_policy_lets_the_page_connect_there_and_nowhere_else() -> None:
    found = policy("http://example.org:8081/chat")

    assert found == HEADERS[POLICY].replace(
        "connect-src 'self'", "connect-src 'self' http://example.org:8081 ws://example.org:8081"
    ).replace("frame-src 'self'", "frame-src 'self' http://example.org:8081")
    assert "wss://chat.example.org" in (policy("https://chat.example.org/chat") or "")


def test_a_chat_of_the_pages_own_needs_nothing_and_no_chat_nothing_at_all() -> None:
    assert policy("/chat") == HEADERS[POLICY]
    assert policy(None) is None
    assert policy("http://example.org:8081/chat", "application/json") is None
