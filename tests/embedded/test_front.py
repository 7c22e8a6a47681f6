"""What another WSGI server gets as mixsvc.app: the settings mean there what they mean in the service."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import Client

from mixsvc.config.settings import MEMORY, ServerSettings, Settings, StorageSettings, WebSettings
from mixsvc.embedded.front import serve_as_settings_say, settings_of_app
from mixsvc.errors import BadSetting
from mixsvc.pages.app import create_app
from tests.pages.fakes import FakeChat, FakeMix

# An application with an authenticator beside it.
ALONE = """
from flask import Flask
from mixsvc import mix

app = Flask(__name__)

@app.get("/")
def index():
    return f"theirs, {app.extensions.get('mixsvc') is mix}"

def who(environ):
    return None
"""

# The same application, with ours within it.
THEIRS = """
from alone import app
from mixsvc import app as ours
from werkzeug.middleware.dispatcher import DispatcherMiddleware

within = DispatcherMiddleware(app, {"/within": ours})
"""

# Prints what is at some paths of an application.
SHOW = """
from werkzeug.test import Client
for path in {paths}:
    answer = Client({name}).get(path)
    print(answer.status_code, answer.text[:12])
"""


def served(web: WebSettings, hosts: tuple[str, ...] = ()) -> Client:
    settings = Settings(web=web, server=ServerSettings(hosts=hosts), storage=StorageSettings(path=MEMORY))
    app = create_app(FakeMix(chat=FakeChat()), settings)
    serve_as_settings_say(app, settings_of_app(settings))
    return Client(app)


def test_without_such_settings_our_pages_are_at_the_root() -> None:
    client = served(WebSettings())

    assert (client.get("/api/session").status_code, client.get("/mixsvc/api/session").status_code) == (200, 404)


def test_our_pages_are_below_their_prefix() -> None:
    client = served(WebSettings(pages="/mixsvc"))

    assert (client.get("/api/session").status_code, client.get("/mixsvc/api/session").status_code) == (404, 200)


def test_a_request_for_another_host_is_refused() -> None:
    client = served(WebSettings(), ("example.org", "*.example.net"))

    found = [client.get("/api/session", headers={"Host": host}) for host in ("example.org:8000", "a.example.net", "x")]

    assert [each.status_code for each in found] == [200, 200, 421]
    assert found[2].text == "This server does not answer for the host that the request names.\n"


def test_the_refusal_of_a_head_has_the_length_of_a_body_and_none() -> None:
    client = served(WebSettings(), ("example.org",))

    of_get, of_head = client.get("/", headers={"Host": "x"}), client.head("/", headers={"Host": "x"})

    assert (of_head.status_code, of_head.headers, of_head.data) == (421, of_get.headers, b"")
    assert of_get.headers["Content-Length"] == str(len(of_get.data))


def test_an_application_that_cannot_be_imported_is_a_mistake() -> None:
    with pytest.raises(BadSetting, match=r"\[web\] wsgi = nowhere:app: importing nowhere failed"):
        served(WebSettings(wsgi="nowhere:app"))


def test_an_application_that_is_imported_already_has_our_pages_within_it() -> None:
    assert served(WebSettings(wsgi=f"{__name__}:theirs", pages="/mixsvc")).get("/api/session").status_code == 200


theirs = Flask("theirs")


def printed(folder: Path, script: str, settings: str) -> list[str]:
    """What a process prints that has these settings, and the module theirs in its folder."""
    (folder / "alone.py").write_text(ALONE)
    (folder / "theirs.py").write_text(THEIRS)
    (folder / "mixsvc.ini").write_text(f"[storage]\npath = :memory:\n{settings}")
    environ = {**os.environ, "MIXSVC_CONFIG": "mixsvc.ini", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_application_of_the_settings_is_served_with_our_pages_beside_it(tmp_path: Path) -> None:
    script = "from mixsvc import app" + SHOW.format(name="app", paths=["/", "/talk/api/session"])

    for authenticator in ("", "[chat]\nauthenticator = alone:who\n"):
        found = printed(tmp_path, script, f"[web]\nwsgi = alone:app\npages = /talk\n{authenticator}")

        assert [found[0], found[1][:3]] == ["200 theirs, True", "200"]


@pytest.mark.parametrize("begin", ["from mixsvc import app", "from theirs import within as app"])
def test_an_application_that_has_mixsvc_app_within_it_does_not_go_round_in_circles(tmp_path: Path, begin: str) -> None:
    script = begin + SHOW.format(name="app", paths=["/", "/within/api/session"])

    found = printed(tmp_path, script, "[web]\nwsgi = theirs:within\n")

    assert [found[0][:11], found[1][:3]] == ["200 theirs,", "200"]
