"""Settings: defaults, files, options, and the messages about mistakes."""

import configparser
import re
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

import pytest

from mixsvc.config.ini import RawSetting
from mixsvc.config.reading import inspect_settings, read_settings
from mixsvc.config.settings import SECTIONS, Settings
from mixsvc.errors import BadSetting
from tests.builds import PROJECT

EXAMPLE = PROJECT / "config.example.ini"


def written(tmp_path: Path, text: str | bytes) -> str:
    path = tmp_path / "mixsvc.ini"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def complaint(tmp_path: Path, text: str | bytes) -> str:
    """The message about a file, without the folder of the file."""
    with pytest.raises(BadSetting) as raised:
        read_settings(written(tmp_path, text))
    said = str(raised.value)
    assert "\n" not in said
    return said.replace(f"{tmp_path}/", "")


def takes_0(setting: "Field[Any]") -> bool:
    try:
        value = setting.metadata["parse"]("0")
    except ValueError:
        return False
    return type(value) in (int, float)


def option(name: str, text: str) -> RawSetting:
    return RawSetting(text, f"--{name}", "command line")


def test_code_is_loaded_anew_into_a_process_of_its_own(tmp_path: Path) -> None:
    assert read_settings(written(tmp_path, "[web]\nreload = yes\n")).web.processes == 1
    assert read_settings(written(tmp_path, "[web]\nreload = yes\nprocesses = 3\n")).web.processes == 3
    assert read_settings(written(tmp_path, "[web]\nreload = no\n")).web.processes == 0


def test_the_example_gives_the_defaults() -> None:
    assert read_settings(str(EXAMPLE)) == Settings()


def test_the_example_names_every_setting_and_no_other() -> None:
    example = configparser.ConfigParser(interpolation=None)
    example.read(EXAMPLE)

    in_example = {(section, key) for section in example.sections() for key in example[section]}

    assert in_example == {(section, field.name) for section, kind in SECTIONS.items() for field in fields(kind)}


def test_every_setting_of_the_example_is_explained_above_it() -> None:
    lines = EXAMPLE.read_text().splitlines()

    bare = [line for before, line in zip(lines, lines[1:], strict=False) if "=" in line and not before.startswith(";")]

    assert [line for line in bare if not line.startswith((";", "["))] == []


def test_a_room_keeps_at_least_one_message(tmp_path: Path) -> None:
    said = complaint(tmp_path, "[chat]\nkeep = 0\n")

    assert said == "mixsvc.ini, line 2: [chat] keep = '0' is not valid: give a whole number from 1 to 1000000000"


def test_the_reference_says_what_0_means_in_each_setting_that_takes_it() -> None:
    text = (PROJECT / "docs/reference/settings.md").read_text().partition("## What 0 means")[2].partition("\n## ")[0]

    assert re.findall(r"^\| `\[(\w+)\] (\w+)` \| .+ \|$", text, re.MULTILINE) == [
        (section, each.name) for section, kind in SECTIONS.items() for each in fields(kind) if takes_0(each)
    ]


def test_no_file_gives_the_defaults() -> None:
    assert read_settings(None) == Settings()


def test_a_file_beats_the_defaults(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, "[rates]\ninterval = 2.5\npairs = eur/usd\n[chat]\nrooms = a, b\n"))

    assert (settings.rates.interval, settings.rates.pairs, settings.chat.rooms) == (2.5, (("EUR", "USD"),), ("a", "b"))


def test_an_option_beats_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "[server]\nport = 1\n")

    settings = read_settings(path, {("server", "port"): option("port", "2")})

    assert settings.server.port == 2


def test_the_option_port_beats_the_endpoints_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "[server]\nlisten = tcp:1\n")

    settings = read_settings(path, {("server", "port"): option("port", "2")})

    assert settings.server.endpoints() == (r"tcp:2:interface=127.0.0.1:backlog=4096",)


def test_the_option_listen_beats_the_port_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "[server]\nport = 1\n")

    settings = read_settings(path, {("server", "listen"): option("listen", "tcp:2\ntcp:3")})

    assert settings.server.endpoints() == ("tcp:2", "tcp:3")


@pytest.mark.parametrize(
    ("text", "name"),
    [("port = 1\ninterface = ::1", "listen"), ("listen = tcp:1", "port"), ("listen =\nport = 1", "listen")],
)
def test_the_texts_that_count_can_be_read_as_options_by_a_child_and_a_reload(
    tmp_path: Path, text: str, name: str
) -> None:
    found = inspect_settings(
        written(tmp_path, f"[server]\n{text}\n"), {("server", name): option(name, "2" if name == "port" else "tcp:2")}
    ).require_valid()

    assert read_settings(None, found.values) == found.settings


def test_the_environment_names_the_address_where_nothing_else_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIXSVC_INTERFACE", "0.0.0.0")
    listen = {("server", "listen"): option("listen", "tcp:2")}

    assert read_settings(None).server.endpoints() == ("tcp:8080:interface=0.0.0.0:backlog=4096",)
    assert read_settings(written(tmp_path, "[server]\nport = 81\n")).server.endpoints() == (
        "tcp:81:interface=0.0.0.0:backlog=4096",
    )
    assert read_settings(written(tmp_path, "[server]\ninterface = ::1\n")).server.interface == "::1"
    assert read_settings(written(tmp_path, "[server]\nlisten = ssl:1\n")).server.endpoints() == ("ssl:1",)
    assert read_settings(None, listen).server.endpoints() == ("tcp:2",)


def test_a_wrong_address_in_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIXSVC_INTERFACE", "all")

    with pytest.raises(BadSetting, match="^environment: MIXSVC_INTERFACE = 'all' is not valid: give an IP address"):
        read_settings(None)


def test_the_container_leaves_the_place_to_the_settings_and_asks_by_the_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (PROJECT / "deploy" / "Dockerfile").read_text()
    variable = re.search(r"^ENV (\w+)=(\S+)$", text, re.MULTILINE)
    assert variable
    monkeypatch.setenv(*variable.groups())

    assert 'ENTRYPOINT ["mixsvc", "serve"]' in text and 'CMD ["mixsvc", "ctl", "status"]' in text
    assert read_settings(written(tmp_path, "[server]\nlisten = ssl:1\n")).server.endpoints() == ("ssl:1",)
    assert read_settings(None).server.interface == "0.0.0.0"


def test_an_address_with_colons_is_escaped_in_its_endpoint(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, "[server]\ninterface = ::1\n"))

    assert settings.server.endpoints() == (r"tcp:8080:interface=\:\:1:backlog=4096",)


def test_several_endpoints_stand_on_lines_of_their_own(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, "[server]\nlisten = tcp:1:interface=127.0.0.1\n  unix:/run/x.sock\n"))

    assert settings.server.endpoints() == ("tcp:1:interface=127.0.0.1", "unix:/run/x.sock")


def test_port_and_listen_in_one_file_are_refused(tmp_path: Path) -> None:
    said = complaint(tmp_path, "[server]\nlisten = tcp:1\nport = 2\n")

    assert said.startswith("mixsvc.ini, line 3: [server] port and [server] listen are both given")


def test_port_and_listen_on_one_command_line_are_refused() -> None:
    given = {("server", "port"): option("port", "1"), ("server", "listen"): option("listen", "tcp:2")}

    with pytest.raises(BadSetting, match="--port and --listen are both given"):
        read_settings(None, given)


def test_percent_signs_and_semicolons_are_ordinary_characters(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, "[storage]\npath = 100%;.db\n"))

    assert settings.storage.path == "100%;.db"


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    assert read_settings(written(tmp_path, b"\xef\xbb\xbf[server]\nport = 5\n")).server.port == 5


def test_keys_may_be_in_capitals(tmp_path: Path) -> None:
    assert read_settings(written(tmp_path, "[server]\nPORT = 5\n")).server.port == 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[rats]\nx = 1\n", "mixsvc.ini, line 1: there is no section [rats]; did you mean 'rates'?"),
        ("[rats]\n", "mixsvc.ini, line 1: there is no section [rats]; did you mean 'rates'?"),
        (
            "[rates]\n\nintervall = 1\n",
            "mixsvc.ini, line 3: there is no setting 'intervall' in [rates]; did you mean 'interval'?",
        ),
        ("[DEFAULT]\nport = 1\n", "mixsvc.ini, line 1: there is no section [DEFAULT]; there are: server, web, "),
        ("[storage]\nzzzzz = 1\n", "mixsvc.ini, line 2: there is no setting 'zzzzz' in [storage]; there are: path"),
        (
            "[server]\nport = web\n",
            "mixsvc.ini, line 2: [server] port = 'web' is not valid: give a whole number from 0 to 65535",
        ),
        ("port = 1\n", "mixsvc.ini, line 1: a [section] must come first; see config.example.ini"),
        ("[server]\nport = 1\nport = 2\n", "mixsvc.ini, line 3: [server] port is given twice; keep one"),
        ("[web]\n[web]\n", "mixsvc.ini, line 2: section [web] occurs twice; merge the two"),
        ("[server]\nport\n", "mixsvc.ini, line 2: cannot be understood; write 'key = value'"),
        (b"\xff\xfe\x00", "mixsvc.ini: is not UTF-8 text; give an INI file such as config.example.ini"),
    ],
)
def test_a_message_names_the_place_of_a_mistake_and_what_to_write(tmp_path: Path, text: str | bytes, said: str) -> None:
    assert complaint(tmp_path, text).startswith(said)


@pytest.mark.parametrize(
    "text",
    [
        "[chat]\nmoderators = Mo: SECRET\n",
        "[rates]\njson_headers = X-Api-Key=SECRET\n",
        "[webhooks]\noutgoing = crm https://crm.example.org/SECRET nonsense\n",
        "[rates]\njson_url = htp://rates.example.org/?key=SECRET\n",
        "[rates]\necb_url = htp://SECRET@rates.example.org/\n",
    ],
)
def test_a_message_shows_nothing_that_may_be_secret(tmp_path: Path, text: str) -> None:
    said = complaint(tmp_path, text)

    assert " is not valid: " in said and "SECRET" not in said


SETTINGS = [(section, each.name) for section, kind in SECTIONS.items() for each in fields(kind)]


@pytest.mark.parametrize("delimiter", [" =", ":"])
@pytest.mark.parametrize(("section", "key"), SETTINGS)
def test_a_setting_that_an_indent_makes_a_part_of_the_one_above_is_found(
    tmp_path: Path, section: str, key: str, delimiter: str
) -> None:
    example = configparser.ConfigParser(interpolation=None)
    example.read(EXAMPLE)
    other = next(name for name in SECTIONS[section].__dataclass_fields__ if name != key)

    said = complaint(tmp_path, f"[{section}]\n{key} = {example[section][key]}\n\n  {other.upper()}{delimiter} 5\n")

    assert said.startswith(f"mixsvc.ini, line 2: [{section}] {key}")
    assert said.endswith(f": {other} is indented below it, and so a part of this value; begin its line without blanks")


def test_a_line_of_a_value_may_have_a_colon_and_a_moderator_the_name_of_a_setting(tmp_path: Path) -> None:
    hash = "scrypt:32768:8:1$salt$00"
    headers, moderators = "\n  Accept: text/json\n  X-Interval: 5", f"\n  ann:{hash}\n  History: {hash}"
    (tmp_path / "mixsvc.ini").write_text(f"[rates]\njson_headers ={headers}\n[chat]\nmoderators ={moderators}\n")

    settings = read_settings(str(tmp_path / "mixsvc.ini"))

    assert [name for name, _ in settings.rates.json_headers] == ["Accept", "X-Interval"]
    assert [each.name for each in settings.chat.moderators] == ["ann", "History"]


@pytest.mark.parametrize(
    ("section", "key"), [("server", "access_log_file"), ("storage", "url"), ("nodes", "listen_url"), ("nodes", "name")]
)
def test_what_stands_on_one_line_has_no_second(tmp_path: Path, section: str, key: str) -> None:
    said = complaint(tmp_path, f"[{section}]\n{key} = a\n  more: 5\n")

    assert said.startswith(f"mixsvc.ini, line 2: [{section}] {key}")
    assert said.endswith(
        " on the line of the setting; do not indent the line after it, which makes it a part of the value"
    )


def test_an_indented_setting_has_its_own_line_in_messages(tmp_path: Path) -> None:
    text = """
 [web]
  pages = /x
    ; not a setting
    threads = 3
  wsgi = a:b

  max_body = q
"""
    found = inspect_settings(written(tmp_path, text), {})

    assert [str(each).partition(", ")[2].partition(" = ")[0] for each in found.mistakes] == [
        "line 3: [web] pages",
        "line 8: [web] max_body",
    ]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"nowhere.ini: cannot be read \(No such file or directory\); give"):
        read_settings(str(tmp_path / "nowhere.ini"))


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"cannot be read \(Is a directory\)"):
        read_settings(str(tmp_path))


def test_relative_paths_are_taken_from_the_directory_that_the_service_runs_in() -> None:
    settings = Settings().within("/srv/chat")

    assert (settings.storage.path, settings.web.secret_key_file) == ("/srv/chat/mixsvc.sqlite3", "/srv/chat/secret_key")


@pytest.mark.parametrize(
    ("section", "key"), [("server", "listen"), ("server", "admin_listen"), ("chat", "listen"), ("irc", "listen")]
)
def test_so_are_the_paths_of_a_certificate(tmp_path: Path, section: str, key: str) -> None:
    given = r"haproxy:ssl:443:privateKey=tls\:1/key.pem:certKey=/etc/cert.pem:extraCertChain=chain.pem:interface=\:\:1"
    settings = read_settings(written(tmp_path, f"[{section}]\n{key} =\n    {given}\n    tcp:8081\n")).within("/srv/a:b")

    assert getattr(getattr(settings, section), key) == (
        r"haproxy:ssl:443:privateKey=/srv/a\:b/tls\:1/key.pem:certKey=/etc/cert.pem"
        r":extraCertChain=/srv/a\:b/chain.pem:interface=\:\:1",
        "tcp:8081",
    )
    assert settings.within("/elsewhere") == settings


def test_the_secret_key_lies_beside_the_database_unless_it_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, "[storage]\npath = /var/lib/x/y.db\n[web]\nsecret_key_file = key\n")

    assert read_settings(None).within("/a").web.secret_key_file == "/a/secret_key"
    assert read_settings(path).within("/a").web.secret_key_file == "/a/key"


def test_a_database_in_memory_has_neither_path_nor_key_file(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, "[storage]\npath = :memory:\n")).within("/a")

    assert (settings.storage.path, settings.web.secret_key_file) == (":memory:", "")


def test_texts_that_no_message_could_bring_are_refused(tmp_path: Path) -> None:
    said = complaint(tmp_path, "[chat]\nmax_text = 100000\n")

    assert said.startswith("mixsvc.ini, line 2: [chat] max_text = 100000 needs max_message = 1400512 or more")
    assert read_settings(written(tmp_path, "[chat]\nmax_text = 100000\nmax_message = 1400512\n")).chat.max_text == 10**5


def test_a_password_in_a_url_is_refused_and_not_shown(tmp_path: Path) -> None:
    said = complaint(tmp_path, "[rates]\necb_url = http://ann:s3cret@127.0.0.1/daily.xml\n")

    assert "http://...@127.0.0.1/daily.xml" in said and "s3cret" not in said


def test_a_node_may_lose_some_heartbeats_before_it_is_dead(tmp_path: Path) -> None:
    said = complaint(tmp_path, "[nodes]\nheartbeat = 4\n")

    assert said.startswith("mixsvc.ini, line 2: [nodes] heartbeat = 4 needs dead_after = 20 or more")
    assert complaint(tmp_path, "[nodes]\ndead_after = 9\n").startswith(
        "mixsvc.ini, line 2: [nodes] heartbeat = 2 needs"
    )
    assert read_settings(written(tmp_path, "[nodes]\nheartbeat = 4\ndead_after = 20\n")).nodes.heartbeat == 4


def test_an_address_to_listen_at_needs_a_database_that_nodes_share(tmp_path: Path) -> None:
    listen = "[nodes]\nlisten_url = postgresql://ann:topsecret@127.0.0.1/chat\n"
    said = complaint(tmp_path, listen)

    assert said.startswith("mixsvc.ini, line 2: [nodes] listen_url needs [storage] url")
    assert "topsecret" not in said
    assert read_settings(written(tmp_path, f"{listen}[storage]\nurl_file = url\n")).nodes.listen_url


def test_the_socket_of_the_operators_is_beside_the_database_by_default(tmp_path: Path) -> None:
    def control(text: str) -> str:
        return read_settings(written(tmp_path, text)).within("/srv").server.control

    assert control("[storage]\npath = x/y.db\n") == "/srv/x/mixsvc.ctl"
    assert control("[storage]\npath = x/y.db\n[server]\ncontrol = a/b.ctl\n") == "/srv/a/b.ctl"
    assert control("[server]\ncontrol =\n") == ""
    assert control("[storage]\npath = :memory:\n") == ""
    assert control("[storage]\nurl = postgresql://db/x\npath = x/y.db\n") == "/srv/x/mixsvc.ctl"
