"""mixsvc check-config: every mistake at once."""

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mixsvc import facade
from mixsvc.__main__ import main
from mixsvc.config.settings import Settings, WebSettings
from mixsvc.facade import Mix
from mixsvc.nodes import statements
from mixsvc.operations.agreement import agree, own_part
from mixsvc.storage.postgres.connection import connect
from mixsvc.storage.postgres.schema import upgrade
from tests.builds import PROJECT


@pytest.fixture(autouse=True)
def process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Forgets what a test imported."""
    before, path = set(sys.modules), list(sys.path)
    monkeypatch.setattr(facade, "mix", Mix())
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]
    sys.path[:] = path


def checked(text: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines about a file, without its name; in the test's own folder, which stays as it was."""
    Path("mixsvc.ini").write_text(text)
    before = sorted(Path().rglob("*"))

    status = main(["check-config", "mixsvc.ini"])

    assert sorted(path for path in Path().rglob("*") if "__pycache__" not in path.parts) == before
    printed = capsys.readouterr()
    lines = printed.err.splitlines()
    assert status == (1 if lines else 0)
    assert printed.out == ("" if lines else "mixsvc.ini: no mistakes\n")
    return [line.removeprefix("mixsvc.ini, ") for line in lines]


def test_a_good_file_has_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert checked((PROJECT / "config.example.ini").read_text(), capsys) == []


def test_an_empty_file_has_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert checked("", capsys) == []


def test_every_mistake_has_a_line_in_the_order_of_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    Path("broken.py").write_text("1 / 0")
    text = """stray
[server]
listen = tcp:x
  ssl:443:privateKey=nowhere.pem
port = 80
access_log_file = nowhere/log
[web]
wsgi = nowhere:app
threads = many
secret_key_file = nowhere/key
pages = /chat/pages
[chat]
rooms = lobby, my room
rooms = attic
 cellar
authenticator = broken:who
moderators = ann:scrypt:1
max_text = 100000
[rates]
pairs = EUR/USX, GPB/EUR
sources = ecb, achive
nonsense
[storage]
path = nowhere/x.sqlite3
[chatt]
x = 1
[rates]
intervall = 3
"""
    key = Path.cwd() / "nowhere.pem"
    said = [
        "line 1: a [section] must come first; ",
        "line 3: [server] listen: 'tcp:x' is not an endpoint (",
        f"line 3: [server] listen: 'ssl:443:privateKey={key}': the certificate {key} cannot ",
        "line 5: [server] port and [server] listen are both given; give only one",
        "line 6: [server] access_log_file: the log file ",
        "line 8: [web] wsgi = nowhere:app: importing nowhere failed with ModuleNotFoundError",
        "line 9: [web] threads = 'many' is not valid: give a whole number from 1 to 1000",
        "line 10: [web] secret_key_file: the secret key file ",
        "line 11: [web] pages = /chat/pages is below [chat] prefix = /chat, ",
        "line 13: [chat] rooms = 'lobby, my room' is not valid: 'my room': A room's name has ",
        "line 14: [chat] rooms is given twice; keep one",
        "line 16: [chat] authenticator = broken:who: importing broken failed with ZeroDivisionError: ",
        "line 17: [chat] moderators: ann: the text after the name is not the hash of a password; ",
        "line 18: [chat] max_text = 100000 needs max_message = 1400512 or more: ",
        "line 20: [rates] pairs = EUR/USX: USX is not a currency known here; did you mean USD?",
        "line 20: [rates] pairs = GPB/EUR: GPB is not a currency known here; did you mean GBP",
        "line 21: [rates] sources = 'ecb, achive' is not valid: 'achive' is not one of them; did you mean archive?",
        "line 22: cannot be understood; write 'key = value'",
        "line 24: [storage] path: the database ",
        "line 25: there is no section [chatt]; did you mean 'chat'?",
        "line 27: section [rates] occurs twice; merge the two",
        "line 28: there is no setting 'intervall' in [rates]; did you mean 'interval'?",
    ]

    lines = checked(text, capsys)

    wrong = [(line, start) for line, start in zip(lines, said, strict=False) if not line.startswith(start)]
    assert wrong == []
    assert len(lines) == len(said)


def test_a_value_does_not_control_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = checked("[server]\ntrusted_proxies = \x1b[31mx\n", capsys)

    assert line.startswith(r"line 2: [server] trusted_proxies = '\x1b[31mx' is not valid:  [31mx is not an address; ")


def test_a_file_that_is_not_there_is_one_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-config", "nowhere.ini"]) == 1

    assert capsys.readouterr().err.startswith("nowhere.ini: cannot be read (No such file or directory); give")


def test_secrets_that_are_there_must_be_of_use(capsys: pytest.CaptureFixture[str]) -> None:
    Path("key").write_text("short")
    Path("token").write_text("two words of a token")
    server = "[server]\nadmin_listen = tcp:0\nadmin_token_file = token\n"

    admin, key, token = checked(f"{server}[web]\nsecret_key_file = key\n[chat]\ntoken_file = token\n", capsys)

    assert "it contains 5 bytes, and a key needs at least 16; delete it" in key
    assert "it must contain one word of ASCII letters" in token
    assert admin.startswith("line 3: [server] admin_token_file: the token file")


def test_what_another_moment_may_change_is_no_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    text = "[server]\nlisten = systemd:domain=INET:name=web\n  tcp:80\nadmin_listen = tcp:80\n"

    assert checked(text, capsys) == []


def test_a_setting_that_would_be_right_alone_is_told_to_contradict_another(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = checked("[rates]\nsources = json\njson_preset =\n", capsys)

    assert line.startswith("line 2: [rates] sources names json, so give json_url or json_preset")


def test_a_host_whose_processes_could_not_find_each_other_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = checked("[storage]\npath = :memory:\n[chat]\nlisten = tcp:8081\n", capsys)

    assert line.startswith("line 4: [chat] listen needs a database in a file, ")


def test_their_module_that_uses_the_service_during_the_import_starts_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("theirs.py").write_text("from mixsvc.facade import mix\nmix.rates\n")

    (line,) = checked("[web]\nwsgi = theirs:app\n", capsys)

    assert "RuntimeError: " in line


def test_a_secret_that_the_nodes_do_not_have_is_a_mistake(
    durable_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("theirs", "ours"):
        Path(name).write_text(name * 10)
    with closing(connect(durable_url)) as connection:
        upgrade(connection)
        agree(connection.cursor(), own_part(Settings(web=WebSettings(secret_key_file="theirs"))))
        monkeypatch.setattr("time.sleep", lambda seconds: statements.begin(connection.cursor(), "node1"))
        text = f"[storage]\nurl = {durable_url}\n[web]\nsecret_key_file = "

        (line,) = checked(f"{text}ours\n", capsys)
        assert checked(f"{text}theirs\n", capsys) == []

    assert line.startswith("line 4: [web] secret_key_file = ")
    assert line.endswith(
        "ours is not the same as on the other nodes (node1); copy theirs, or stop all nodes to change it"
    )


def test_settings_of_a_source_that_is_not_asked_are_named_and_are_no_mistake(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("mixsvc.ini").write_text("[rates]\njson_url = https://example.org/\n")

    assert main(["check-config", "mixsvc.ini"]) == 0

    printed = capsys.readouterr()
    assert printed.out == "mixsvc.ini: no mistakes\n"
    assert printed.err == (
        "mixsvc.ini, line 2: [rates] json_url: not used, as sources = ecb, archive does not name json\n"
    )
