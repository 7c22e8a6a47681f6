"""The page is made once in a second for everybody, and for each one alone where not everybody may read the chat."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from mixsvc.config.network import proxies
from mixsvc.config.settings import ChatSettings, ServerSettings, Settings, WebSettings
from mixsvc.pages.app import create_app
from tests.direct.two_ways import Service
from tests.pages.fakes import FakeChat, FakeMix


def make(
    chat: FakeChat | None = None,
    version: object = 1,
    change: Any = lambda app: None,
    settings: Settings | None = None,
) -> Service:
    mix = FakeMix(None, chat or FakeChat())
    app: Flask = create_app(mix, settings)
    change(app)
    place = settings.web.pages_prefix() if settings else ""
    service = Service(DispatcherMiddleware(NotFound(), {place: app}) if place else app, mix, settings)
    service.version = version
    return service


def test_the_page_is_made_once_for_all_who_come_until_something_changes() -> None:
    service = make()

    first = service.ask("/", Cookie="mixsvc_session=x")
    again, head = service.ask("/?from=elsewhere", User_Agent="another"), service.ask("/", "HEAD")

    assert (first, service.views.calls) == (again, 1)
    assert (head.status, head.fields, head.body) == (200, first.fields, b"")
    service.version = 2
    service.ask("/")
    assert service.views.calls == 2


@pytest.mark.parametrize("host", ["localhost", "shop.example", "[::1]:8080"])
@pytest.mark.parametrize("first", ["gzip", ""])
def test_it_is_the_page_that_the_view_makes_whoever_was_first(host: str, first: str) -> None:
    service, by_view = make(), make(version=None)
    service.ask("/", Host=host, Accept_Encoding=first)

    for accepted in ("", "br, gzip", "gzip;q=0"):
        fields = {"Host": host, "Accept_Encoding": accepted}
        assert service.ask("/", **fields) == by_view.ask("/", **fields)
    assert service.views.calls == 1


def test_each_host_has_its_own() -> None:
    service = make()

    assert "ws://shop.example" in service.ask("/", Host="shop.example").fields["content-security-policy"]
    assert "shop.example" not in service.ask("/").fields["content-security-policy"]


def test_a_page_that_only_some_may_see_is_made_for_each() -> None:
    chat = FakeChat()
    service = make(chat)
    service.ask("/")
    chat.asks_permission = True
    closed = make(settings=Settings(chat=ChatSettings(guests=False)))

    for each, calls in ((service, 3), (closed, 2)):
        each.ask("/")
        each.ask("/")
        assert each.views.calls == calls


def test_a_page_that_becomes_private_while_it_is_made_is_not_kept() -> None:
    chat = FakeChat()

    def close(app: Flask) -> None:
        @app.after_request
        def meanwhile(response: Any) -> Any:
            chat.asks_permission = True
            return response

    service = make(chat, change=close)
    service.ask("/")
    chat.asks_permission = False

    service.ask("/")
    assert service.views.calls == 2


@pytest.mark.parametrize(("status", "cookie"), [(500, ""), (200, "a=b")])
def test_a_failure_and_a_page_with_a_cookie_are_not_kept(status: int, cookie: str) -> None:
    def spoil(app: Flask) -> None:
        @app.after_request
        def spoiled(response: Any) -> Any:
            response.status_code = status
            if cookie:
                response.headers["Set-Cookie"] = cookie
            return response

    service = make(change=spoil)
    for _ in range(2):
        assert service.ask("/").status == status
    assert service.views.calls == 2


def test_links_below_a_prefix_that_a_proxy_removes_are_made_for_each() -> None:
    service = make(settings=Settings(server=ServerSettings(trusted_proxies=proxies("192.168.1.1"))))
    plain = service.ask("/")

    below = service.ask("/", X_Forwarded_Prefix="/shop")

    assert b'"/shop/api/rates"' in below.body and b"/shop" not in plain.body
    assert service.ask("/") == plain


def test_other_methods_and_other_paths_are_for_the_view() -> None:
    service = make()
    service.ask("/")

    assert service.ask("/", "POST", Content_Length="0").status == 405
    assert service.ask("/nothing").status == 404
    assert service.views.calls == 3


def test_a_page_below_another_path_is_kept_and_none_of_the_application() -> None:
    service = make(settings=Settings(web=WebSettings(wsgi="theirs:app", pages="/mixsvc")))

    for path, calls in (("/", 2), ("/mixsvc/", 3), ("/mixsvc", 5)):
        service.ask(path)
        service.ask(path)
        assert service.views.calls == calls


def test_without_a_version_nothing_is_kept() -> None:
    service = make(version=None)

    for _ in range(2):
        service.ask("/")
    assert service.views.calls == 2
