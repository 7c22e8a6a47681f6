"""The URL of a chat on another port."""

import pytest
from flask import Flask

from mixsvc.answers.policy import HEADERS, content_policy
from mixsvc.pages.chat_url import ChatUrl, allow_chat_origin
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
def test_it_is_another_port_of_the_pages_own_host(page: str, url: str) -> None:
    with Flask("x").test_request_context(base_url=page):
        assert ChatUrl("", "/chat").url(8081) == url


def test_a_host_header_cannot_put_other_characters_into_the_page() -> None:
    with Flask("x").test_request_context(headers={"Host": 'x";script-src *'}):
        assert ChatUrl("", "/chat").url(8081) == "http://127.0.0.1:8081/chat"


def test_the_url_of_the_settings_is_used_for_every_port() -> None:
    chat_url = ChatUrl("https://chat.example.org/chat/", "/chat")

    assert chat_url.url(None) == chat_url.url(8081) == "https://chat.example.org/chat"


def test_outside_of_a_request_the_host_is_this_machine() -> None:
    assert ChatUrl("", "/chat").url(8081) == "http://127.0.0.1:8081/chat"


def test_without_a_port_it_is_the_path_alone() -> None:
    assert ChatUrl("", "/chat").url(None) == "/chat"


def policy(prefix: str | None, content_type: str = "text/html", own: str = "") -> str | None:
    """The policy of a page. own: what the page has by itself."""
    chat = FakeChat()
    chat.prefix = prefix or ""
    app = Flask("x")
    allow_chat_origin(app, FakeMix(chat=chat if prefix else None))

    @app.get("/")
    def index() -> tuple[str, dict[str, str]]:
        return "page", {"Content-Type": content_type, **({POLICY: own} if own else {})}

    return app.test_client().get("/").headers.get(POLICY)


def test_the_policy_allows_the_chats_origin_and_no_other() -> None:
    found = policy("http://example.org:8081/chat")

    assert found == HEADERS[POLICY].replace(
        "connect-src 'self'", "connect-src 'self' http://example.org:8081 ws://example.org:8081"
    ).replace("frame-src 'self'", "frame-src 'self' http://example.org:8081")
    assert "wss://chat.example.org" in (policy("https://chat.example.org/chat") or "")


def test_a_page_that_permits_its_own_style_and_socket_keeps_the_style_and_gets_the_chats_origin() -> None:
    own = content_policy("page.example", "http", "'sha256-x'")

    found = policy("http://example.org:8081/chat", own=own) or ""

    assert "; style-src 'self' 'sha256-x'; " in found
    assert "; connect-src 'self' http://example.org:8081 ws://example.org:8081; " in found
    assert policy("/chat", own=own) == own


def test_the_policy_stays_as_it_is_for_a_chat_on_the_same_port_and_for_no_chat() -> None:
    assert policy("/chat") == HEADERS[POLICY]
    assert policy(None) is None
    assert policy("http://example.org:8081/chat", "application/json") is None


def test_a_host_that_the_application_does_not_trust_gets_400_with_a_policy_of_this_machine() -> None:
    chat = FakeChat()
    app = Flask("x")
    app.config.update(TRUSTED_HOSTS=["example.org"], TESTING=True)

    @app.before_request
    def look() -> None:
        chat.prefix = ChatUrl("", "/chat").url(8081)

    allow_chat_origin(app, FakeMix(chat=chat))

    answer = app.test_client().get("/", headers={"Host": "other.example"})

    assert answer.status_code == 400
    assert " http://127.0.0.1:8081 " in answer.headers[POLICY]
