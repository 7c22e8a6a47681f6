"""The URL of the settings, as libpq gets it and as messages show it."""

from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from mixsvc.errors import BadSetting
from mixsvc.storage.postgres.url import conninfo, shown
from tests.postgres import Postgres

URL = "postgresql://ann:open%3As%40same@db.example.org:5433/chat?sslmode=verify-full"


def test_the_parameters_are_those_of_the_url_and_our_time_limits() -> None:
    found = conninfo_to_dict(conninfo(URL))

    assert (found["user"], found["password"], found["sslmode"]) == ("ann", "open:s@same", "verify-full")
    assert (found["connect_timeout"], found["tcp_user_timeout"]) == ("3", "8000")
    assert "-c statement_timeout=5000" in str(found["options"])


def test_the_urls_own_parameters_win() -> None:
    found = conninfo_to_dict(conninfo(f"{URL}&connect_timeout=9&options=-c%20statement_timeout%3D100"))

    assert found["connect_timeout"] == "9"
    assert str(found["options"]).endswith(" -c statement_timeout=100")


def test_what_a_service_file_and_the_environment_have_counts_as_if_it_stood_in_the_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = tmp_path / "service.conf"
    service.write_text("[mix]\nhost=db.example.org\noptions=-csearch_path=chat\nconnect_timeout=20\n")
    monkeypatch.setenv("PGSERVICEFILE", str(service))
    monkeypatch.setenv("PGOPTIONS", "-c search_path=other")
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")

    of_service = conninfo_to_dict(conninfo("postgresql:///chat?service=mix"))
    of_environment = conninfo_to_dict(conninfo(URL))
    own = conninfo_to_dict(conninfo(f"{URL}&service=mix&options=-c%20search_path%3Down"))

    # libpq adds the rest of the service itself.
    assert "host" not in of_service
    assert of_service["connect_timeout"] == "20"
    assert "-c idle_session_timeout=0" in str(of_service["options"])
    assert str(of_service["options"]).endswith(" -csearch_path=chat")
    assert str(of_environment["options"]).endswith(" -c search_path=other")
    assert (of_environment["connect_timeout"], of_environment["client_encoding"]) == ("3", "UTF8")
    assert str(own["options"]).endswith(" -c search_path=own")


def test_a_service_that_no_file_has_is_left_to_libpq() -> None:
    found = conninfo_to_dict(conninfo("postgresql:///chat?service=nowhere"))

    assert (found["service"], found["connect_timeout"]) == ("nowhere", "3")


def test_a_server_takes_the_options_and_the_last_of_two_counts(database_url: str) -> None:
    with psycopg.connect(conninfo(f"{database_url}?options=-c%20lock_timeout%3D100")) as connection:
        for name, value in (("statement_timeout", "5s"), ("lock_timeout", "100ms"), ("tcp_user_timeout", "8000")):
            row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
            assert row == (value,), name


def test_what_a_role_or_a_database_has_set_changes_neither_what_is_read_nor_how_long_a_session_lasts(
    postgres: Postgres,
) -> None:
    database = postgres.new_database()
    ours = {
        "idle_session_timeout": ("1", "0"),
        "array_nulls": ("off", "on"),
        "extra_float_digits": ("-10", "1"),
        "datestyle": ("SQL, DMY", "ISO, MDY"),
        "intervalstyle": ("iso_8601", "postgres"),
        "standard_conforming_strings": ("off", "on"),
        "gin_fuzzy_search_limit": ("1", "0"),
        "exit_on_error": ("on", "off"),
        "timezone": ("Asia/Kathmandu", "UTC"),
        "client_encoding": ("LATIN1", "UTF8"),
    }
    for name, (theirs, _) in ours.items():
        postgres.execute(f"ALTER DATABASE {database} SET {name} = {theirs if ',' in theirs else repr(theirs)}")

    with psycopg.connect(conninfo(postgres.url(database))) as connection:
        for name, (_, expected) in ours.items():
            assert connection.execute("SELECT current_setting(%s)", (name,)).fetchone() == (expected,), name


def test_a_message_shows_neither_user_nor_password() -> None:
    assert shown(URL) == "postgresql://db.example.org:5433/chat"
    assert shown("postgresql://a,b:6000/chat?target_session_attrs=read-write") == "postgresql://a,b:6000/chat"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://ann:topsecret@db/chat",
        "postgresql://ann:top%secret@db/chat",
        "postgresql://db/chat?topsecret",
        "postgresql://ann:top/secret@db/chat",
        "postgresql://ann:x?y@topsecret@db/chat",
        "postgresql://ann:x@topsecret@db/chat",
        "postgresql://ann:topsecret/chat",
        "postgresql://db:5432,ann:topsecret/chat",
    ],
)
def test_a_url_that_cannot_be_read_is_refused_without_a_word_of_it(url: str) -> None:
    with pytest.raises(BadSetting, match=r"\[storage\] url .* postgresql://mixsvc@db.example.org/mixsvc") as refused:
        conninfo(url)

    assert "top" not in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://[::1]:5433/chat", "::1:5433"),
        ("postgresql://ann:b%40c@db/chat?user=ann@db", "db"),
        ("postgresql://ann:x?y@db/chat", "db"),
        ("postgresql://%2Frun%2Fpostgresql/chat", "/run/postgresql"),
        ("postgresql:///chat?host=/run/postgresql", "/run/postgresql"),
        ("postgresql://a:1,b:2/chat", "a:1,b:2"),
    ],
)
def test_whatever_else_libpq_reads_is_taken(url: str, place: str) -> None:
    assert shown(url) == f"postgresql://{place}/chat"
