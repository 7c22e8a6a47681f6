"""What a reload changes for views: their processes, their sockets, and responses that nobody reads."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from twisted.internet.task import Clock
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from mixsvc.application import make_application
from mixsvc.child.logins import ChildLogins
from mixsvc.child.reload import ChildReload
from mixsvc.config.ini import RawSetting, Values
from mixsvc.config.settings import Settings, WebSettings
from mixsvc.interfaces import Identity
from mixsvc.wsgi.children.frames import FrameType, encode_frame
from mixsvc.wsgi.children.setup import ChildSetup, encode_settings
from mixsvc.wsgi.environ import connection_texts
from mixsvc.wsgi.spool import SpoolLimits, SpoolQuota
from mixsvc.wsgi.supervision.memory import resident_bytes
from mixsvc.wsgi.supervision.processes import MEMORY_SECONDS
from tests.operations.reloading.effects import shows
from tests.sockets.live import live
from tests.wsgi.children.child import ChildCase
from tests.wsgi.supervision.fake_processes import Family
from tests.wsgi.test_authentication import request


def changed(family: Family, **web: Any) -> Family:
    """The children of a service after a reload."""
    family.views.change(WebSettings(processes=1, threads=1, **web), b"settings")
    return family


@shows("web.view_timeout")
def test_a_view_may_take_less_time_also_one_that_runs() -> None:
    family = Family(processes=1).ready()
    hanging = family.call("GET /hang")
    family.pass_time(100)
    before = hanging.refused
    changed(family, view_timeout=3.0)
    family.pass_time(4)

    assert (before, hanging.refused) == (None, 504)


@shows("web.restart_after")
def test_a_child_is_replaced_after_fewer_requests() -> None:
    family = Family(processes=1).ready()
    family.made[0].answer(family.call())
    before = len(family.starting())
    changed(family, restart_after=1)
    family.made[0].answer(family.call())

    assert (before, len(family.starting())) == (0, 1)


@shows("web.restart_memory")
def test_a_child_is_replaced_with_less_memory() -> None:
    family = Family(processes=1).ready()
    family.made[0].pid = os.getpid()
    family.pass_time(MEMORY_SECONDS + 1)
    before = len(family.starting())
    changed(family, restart_memory=resident_bytes(os.getpid()) // 2)
    family.pass_time(MEMORY_SECONDS + 1)

    assert (before, len(family.starting())) == (0, 1)


def test_children_that_run_are_told_and_those_that_start_later_before_they_get_requests() -> None:
    family = Family(processes=2).ready()
    changed(family)
    told = [each.settings for each in family.made]
    family.made[0].end("by signal SIGKILL")
    family.pass_time(60)
    (new,) = family.starting()
    before = list(new.settings)
    new.get_ready()

    assert told == [[b"settings"], [b"settings"]]
    assert (before, new.settings) == ([], [b"settings"])


def values(**chat: str) -> Values:
    return {("chat", key): RawSetting(text, f"[chat] {key}", "test") for key, text in chat.items()}


def test_a_child_makes_its_pages_anew_with_the_settings_of_the_service(tmp_path: Path) -> None:
    setup = ChildSetup(values(), str(tmp_path), str(tmp_path), (), None, {})
    mix: Any = None
    child = ChildReload(setup, WebSettings(), ChildLogins(100))
    child.application = make_application(mix, setup.settings())
    pages = child.application.pages
    assert pages is not None
    client = pages.test_client()

    def allowed() -> str | None:
        return client.get("/api/none", headers={"Origin": "https://a.example"}).headers.get(
            "Access-Control-Allow-Origin"
        )

    before = allowed()
    child.take(encode_settings(values(origins="https://a.example")))

    assert (before, allowed()) == (None, "https://a.example")


def test_settings_that_come_before_the_application_is_imported_do_no_harm(tmp_path: Path) -> None:
    setup = ChildSetup(values(), str(tmp_path), str(tmp_path), (), None, {})

    ChildReload(setup, WebSettings(), ChildLogins(100)).take(encode_settings(values(origins="https://a.example")))


def test_a_child_keeps_the_logins_of_all_who_may_be_connected_or_held(tmp_path: Path) -> None:
    given = {("chat", "max_sessions"): RawSetting("1", "[chat] max_sessions", "test")}
    logins = ChildLogins(100)
    logins.authenticate = lambda environ: Identity("ann", ended=lambda: False)
    texts = json.dumps(connection_texts(request()))

    ChildReload(ChildSetup(given, str(tmp_path), "/", (), None, {}), WebSettings(), logins).take(
        encode_settings({**given, ("topics", "streams"): RawSetting("2", "[topics] streams", "test")})
    )
    handles = [found[3] for found in map(logins.who, [texts] * 4) if found is not None]

    # The oldest one is asked for again when it is needed.
    assert logins.ended(*[each for each in handles if each is not None]) == [None, False, False, False]


class FrameTests(ChildCase):
    def test_a_child_takes_what_the_frame_holds(self) -> None:
        self.serve(lambda environ, start_response: (start_response("200 OK", []), [b""])[1])

        self.service.sendall(encode_frame(FrameType.SETTINGS, 0, b"settings"))
        self.call()
        self.whole()

        assert self.settings == [b"settings"]


@shows("web.max_unread", "web.max_unread_together")
def test_less_of_a_response_waits_for_its_client_and_of_all() -> None:
    quota = SpoolQuota(SpoolLimits(each=100, together=1000, files=10), Clock().seconds)
    with quota.changed:
        quota.on_disk = 30
        before = quota.disk_room(0)
    quota.limit(50, 1000)
    with quota.changed:
        one = quota.disk_room(0)
    quota.limit(50, 40)
    with quota.changed:
        together = quota.disk_room(0)

    assert (before, one, together) == (100, 50, 10)


@shows("web.max_unread", "web.max_unread_together")
def test_a_child_has_its_share_of_what_may_wait(tmp_path: Path) -> None:
    given = {("web", "processes"): RawSetting("4", "[web] processes", "test")}
    child = ChildReload(ChildSetup(given, str(tmp_path), "/", (), None, {}), WebSettings(processes=4), ChildLogins(100))
    limits = {"max_unread": "60", "max_unread_together": "100"}
    child.take(
        encode_settings({**given, **{("web", key): RawSetting(text, key, "test") for key, text in limits.items()}})
    )

    with child.quota.changed:
        assert child.quota.disk_room(0) == 25


@shows("web.sockets_per_address")
def test_fewer_sockets_of_an_address_may_be_open_and_those_that_there_are_stay() -> None:
    def echo(environ: Mapping[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        from simple_websocket import Server

        socket = Server(dict(environ))
        socket.send(socket.receive())
        return []

    with live(echo) as served, connect(served.url) as first:
        served.call(served.sockets.prepare_reload(Settings(web=WebSettings(sockets_per_address=1))))
        try:
            connect(served.url)
        except InvalidStatus as refused:
            assert refused.response.status_code == 503
        else:
            raise AssertionError("a second one was opened")
        first.send("still here")
        assert first.recv(30) == "still here"
