"""Which resource gets which path."""

import pytest
from twisted.web.resource import Resource
from twisted.web.test.requesthelper import DummyRequest

from mixsvc.http.routing import ChatOnlyRoot
from tests.http.exchange import send_request


def host_seen(host: bytes, *origins: bytes) -> bytes:
    """The host that the chat compares with the origin of a page."""
    request = DummyRequest([b"info"])
    request.requestHeaders.setRawHeaders(b"host", [host])
    request.requestHeaders.setRawHeaders(b"origin", origins)
    chat = Resource()
    assert ChatOnlyRoot(chat, "/chat").getChildWithDefault(b"chat", request) is chat  # type: ignore[arg-type]  # like a Request
    (found,) = request.requestHeaders.getRawHeaders(b"host") or ()
    return found


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        (b"example.org:8081", b"http://example.org:5000"),
        (b"example.org:8081", b"http://EXAMPLE.org"),
        (b"example.org:8081", b"https://example.org"),
        (b"[::1]:8081", b"http://[::1]:5000"),
    ],
)
def test_a_page_on_another_port_of_the_host_has_the_chats_own_origin(host: bytes, origin: bytes) -> None:
    assert host_seen(host, origin) == origin.partition(b"//")[2]


@pytest.mark.parametrize(
    "origins",
    [
        (),
        (b"http://evil.example",),
        (b"http://example.org.evil.example",),
        (b"http://sub.example.org",),
        (b"http://example.org:5000", b"http://example.org:5000"),
        (b"null",),
        (b"http://example.org@evil.example",),
        (b"file://example.org",),
    ],
)
def test_any_other_page_has_not(origins: tuple[bytes, ...]) -> None:
    assert host_seen(b"example.org:8081", *origins) == b"example.org:8081"


def test_any_other_path_is_not_found() -> None:
    found = ChatOnlyRoot(Resource(), "/chat").getChildWithDefault(b"chats", DummyRequest([]))  # type: ignore[arg-type]  # as above

    request = DummyRequest([])
    found.render(request)
    assert request.responseCode == 404


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"POST"])
def test_the_scripts_are_beside_the_chat_in_every_host_and_the_same_on_both_ways(method: bytes) -> None:
    root = ChatOnlyRoot(Resource(), "/live/chat")

    # What asks for an upgrade takes the long way.
    short, long = (
        send_request(root, b"/live/chat/client.js", method, headers)
        for headers in (b"", b"Upgrade: h2c\r\nConnection: upgrade\r\n")
    )

    assert (short.status, short.logged) == (405 if method == b"POST" else 200, [short.status])
    assert (short.status, short.body, short.logged) == (long.status, long.body, long.logged)
    assert short.headers == long.headers
