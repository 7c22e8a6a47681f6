"""Nodes with other secrets are refused, other settings and wrong clocks are told."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import psycopg
import pytest
from twisted.logger import capturedLogs, formatEvent

from mixsvc.config.settings import ChatSettings, NodesSettings, Settings, StorageSettings, WebSettings
from mixsvc.errors import BadSetting
from mixsvc.nodes import statements
from mixsvc.operations import agreement
from mixsvc.operations.agreement import OWN, agree, own_part
from mixsvc.storage.postgres.connection import connect
from mixsvc.storage.postgres.schema import upgrade

KEY, OTHER, TOKEN = "k" * 32, "o" * 32, "t" * 32


@pytest.fixture
def connection(database_url: str) -> "Iterator[psycopg.Connection[Any]]":
    """To a database with our tables."""
    with closing(connect(database_url)) as connection:
        upgrade(connection)
        yield connection


@pytest.fixture
def said() -> "Iterator[Callable[[], list[str]]]":
    """What the log says."""
    with capturedLogs() as events:
        yield lambda: [formatEvent(each) for each in events]


def settings(key: str = KEY, token: str = TOKEN, **chat: Any) -> Settings:
    """Those of a node with these secrets."""
    Path(f"key-{key}").write_text(f"{key}\n")
    Path(f"token-{token}").write_text(f"{token}\n")
    return Settings(
        storage=StorageSettings(url="postgresql://"),
        web=WebSettings(secret_key_file=f"key-{key}"),
        chat=ChatSettings(token_file=f"token-{token}", **chat),
        nodes=NodesSettings(dead_after=1.5),
    )


def test_nodes_with_the_same_secrets_and_settings_say_nothing(
    connection: "psycopg.Connection[Any]", said: "Callable[[], list[str]]"
) -> None:
    agree(connection.cursor(), own_part(settings()))
    statements.begin(connection.cursor(), "node1")

    agree(connection.cursor(), own_part(replace(settings(), nodes=NodesSettings(name="node2", dead_after=1.5))))

    assert said() == []


@pytest.mark.parametrize(
    ("other", "setting"),
    [
        ({"key": OTHER}, f"[web] secret_key_file = key-{OTHER}"),
        ({"token": OTHER}, f"[chat] token_file = token-{OTHER}"),
    ],
)
def test_another_secret_than_that_of_a_node_that_lives_is_refused(
    connection: "psycopg.Connection[Any]", other: dict[str, str], setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    agree(connection.cursor(), own_part(settings()))
    number = statements.begin(connection.cursor(), "node1")

    def beat(seconds: float) -> None:
        statements.beat(connection.cursor(), number, statements.Watched((), ()), None)

    monkeypatch.setattr("time.sleep", beat)
    with pytest.raises(BadSetting) as refused:
        agree(connection.cursor(), own_part(settings(**other)))

    assert str(refused.value) == (
        f"{setting} is not the same as on the other nodes (node1); copy theirs, or stop all nodes to change it"
    )
    agree(connection.cursor(), own_part(settings()))


def test_of_two_that_start_together_the_second_one_is_refused(
    connection: "psycopg.Connection[Any]", monkeypatch: pytest.MonkeyPatch
) -> None:
    agree(connection.cursor(), own_part(settings()))
    monkeypatch.setattr("time.sleep", lambda seconds: statements.begin(connection.cursor(), "node1"))

    with pytest.raises(BadSetting, match=r"is not the same as on the other nodes \(node1\)"):
        agree(connection.cursor(), own_part(settings(OTHER)))


def test_while_no_node_lives_a_secret_is_changed(
    connection: "psycopg.Connection[Any]", said: "Callable[[], list[str]]", monkeypatch: pytest.MonkeyPatch
) -> None:
    agree(connection.cursor(), own_part(settings()))
    statements.leave(connection.cursor(), statements.begin(connection.cursor(), "stopped"))
    monkeypatch.setattr(agreement, "SETTLED", 0.0)

    agree(connection.cursor(), own_part(settings(OTHER)))
    assert said()[0] == f"nodes: [web] secret_key_file = key-{OTHER} is new; other nodes need a copy of it"

    statements.begin(connection.cursor(), "dead")
    agree(connection.cursor(), own_part(settings(KEY)))


def test_no_secret_is_in_the_database(connection: "psycopg.Connection[Any]") -> None:
    agree(connection.cursor(), own_part(settings(rate=7.0253125)))

    rows = dict(connection.execute("SELECT key, value FROM cluster").fetchall())
    assert {"secret_key", "api_token", "settings"} <= set(rows)
    assert not [value for value in rows.values() if KEY in value or TOKEN in value or "7.0253125" in value]


def test_other_settings_are_told_by_name_and_counted_from_the_newest_start(
    connection: "psycopg.Connection[Any]", said: "Callable[[], list[str]]"
) -> None:
    agree(connection.cursor(), own_part(settings()))

    agree(connection.cursor(), own_part(settings(keep=5, guests=False)))
    agree(connection.cursor(), own_part(settings(keep=5, guests=False)))

    assert said() == [
        "nodes: [chat] keep, [chat] guests is set otherwise than on the node that read its settings before this one; "
        "give all nodes the same settings"
    ]


def test_the_same_settings_have_the_same_text_in_every_process() -> None:
    sections = get_type_hints(Settings)

    odd = {
        f"[{section}] {name}"
        for section, own in OWN.items()
        for name, kind in get_type_hints(sections[section]).items()
        if name not in own and not has_one_text(kind)
    }

    assert odd == set()


def has_one_text(kind: Any) -> bool:
    """Whether equal values of a type have the same repr: a set has its members in the order of a process's hashes."""
    if get_origin(kind) is tuple:
        return all(each is ... or has_one_text(each) for each in get_args(kind))
    if is_dataclass(kind):
        return all(map(has_one_text, get_type_hints(kind).values()))
    return kind in (str, int, float, bool)


def test_settings_of_a_newer_release_are_no_difference(
    connection: "psycopg.Connection[Any]", said: "Callable[[], list[str]]"
) -> None:
    agree(connection.cursor(), own_part(settings()))
    connection.execute(
        "UPDATE cluster SET value = (value::jsonb - '[chat] keep' || %s::jsonb)::text WHERE key = 'settings'",
        (json.dumps({"[chat] new": "x"}),),
    )

    agree(connection.cursor(), own_part(settings()))

    assert said() == []


def test_a_clock_that_is_wrong_is_told(
    connection: "psycopg.Connection[Any]", said: "Callable[[], list[str]]", monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = time.time() - 90
    monkeypatch.setattr("time.time", lambda: wrong)

    agree(connection.cursor(), own_part(settings()))

    assert said() == [
        "nodes: the clock of this machine is 90 s behind that of the PostgreSQL server, by which messages are dated; "
        "keep both right (NTP)"
    ]


def test_a_node_without_a_file_for_its_key_is_told(
    connection: "psycopg.Connection[Any]", said: "Callable[[], list[str]]"
) -> None:
    agree(connection.cursor(), own_part(replace(settings(), web=WebSettings())))

    assert [key for (key,) in connection.execute("SELECT key FROM cluster WHERE key ~ '^(sec|api)'")] == ["api_token"]
    assert said() == ["nodes: [web] secret_key_file names no file, so a login holds on this node only"]
