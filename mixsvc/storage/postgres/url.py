"""The URL of the settings: libpq's parameters, and what a message may show of them."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import PGconn

from mixsvc.errors import BadSetting

__all__ = ["SETTING", "conninfo", "shown"]

# The setting that has the URL of the database.
SETTING: Final = "[storage] url"

# libpq's own, unless the URL, a service file or the environment has others. A cable that is cut is noticed within 8 s
# instead of after minutes.
CLIENT: Final[Mapping[str, str | int]] = {
    "application_name": "mixsvc",
    "connect_timeout": 3,
    "keepalives_idle": 4,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 8000,
}

# The session's, in milliseconds where they are times. The server gives up what nobody waits for any more, and notices a
# client that is gone. What a role or a database has set otherwise would close connections between two messages, change
# what statements mean and how values are written, or let an index find a part only.
SESSION: Final[Mapping[str, str | int]] = {
    "statement_timeout": 5000,
    "lock_timeout": 3000,
    "idle_in_transaction_session_timeout": 5000,
    "idle_session_timeout": 0,
    "client_connection_check_interval": 2000,
    "tcp_keepalives_idle": 4,
    "tcp_keepalives_interval": 2,
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": 8000,
    "timezone": "UTC",
    "default_transaction_isolation": "read\\ committed",
    "array_nulls": "on",
    "extra_float_digits": 1,
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "standard_conforming_strings": "on",
    "gin_fuzzy_search_limit": 0,
    "exit_on_error": "off",
}

# No other encoding has all that people write.
ENCODING: Final = "UTF8"

# Where nothing listens.
NOWHERE: Final[Mapping[str, str]] = {"host": "/dev/null", "hostaddr": "", "port": ""}

EXAMPLE: Final = "postgresql://mixsvc@db.example.org/mixsvc"


def conninfo(url: str, setting: str = SETTING) -> str:
    """The parameters for libpq, with our time limits where no others are given. Raises BadSetting without the password.

    url: a URL that starts with postgresql://, as libpq reads it (PostgreSQL's manual, 34.1.1.2). setting: where it is
    given.
    """
    given = _parameters(url, setting)
    found = _completed(given)
    # Also those that libpq has found, as psycopg itself waits as long as connect_timeout says.
    ours = {name: found.get(name, value) for name, value in CLIENT.items()}
    # The last of two options with one name counts.
    options = " ".join([*(f"-c {name}={value}" for name, value in SESSION.items()), found.get("options", "")])
    return make_conninfo("", **{**given, **ours, "options": options.rstrip(), "client_encoding": ENCODING})


def shown(url: str, setting: str = SETTING) -> str:
    """The host, port and name of the database, for messages. Raises BadSetting. setting: where the URL is given."""
    given = _parameters(url, setting)
    hosts = str(given.get("host") or given.get("hostaddr") or "").split(",")
    ports = str(given.get("port") or "").split(",")
    ports *= len(hosts) if len(ports) == 1 else 1
    places = [f"{host}:{port}" if port else host for host, port in zip(hosts, ports, strict=False)]
    return f"postgresql://{','.join(places)}/{given.get('dbname') or ''}"


def _completed(given: Mapping[str, str | int | None]) -> Mapping[str, str]:
    """The parameters with those that libpq takes from a service file and the environment; nothing if it refuses them.

    Only libpq knows where it looks, and it says so of a connection, which may also be one that has failed at once.
    """
    connection = PGconn.connect_start(make_conninfo("", **{**given, **NOWHERE}).encode())
    try:
        return {each.keyword.decode(): each.val.decode() for each in connection.info if each.val}
    finally:
        connection.finish()


def _parameters(url: str, setting: str) -> dict[str, str | int | None]:
    # Never what libpq says: it may repeat a part of the password.
    if not url.startswith(("postgresql://", "postgres://")):
        raise BadSetting(f"{setting} is not the URL of a PostgreSQL database; write one such as {EXAMPLE}")
    found = None
    with suppress(ProgrammingError):
        found = conninfo_to_dict(url)
    if found is None or not _is_clear(found):
        raise BadSetting(
            f"{setting} cannot be read; write one such as {EXAMPLE}, with % and two digits for what is no letter, "
            "digit, or one of - _ . ~ in a password"
        )
    return dict(found)


def _is_clear(found: Mapping[str, object]) -> bool:
    """Whether no part of a password, in which a sign is not written with %, has become a host, port or database."""
    hosts, ports = str(found.get("host") or "").split(","), str(found.get("port") or "").split(",")
    # At the beginning of a host it names a socket without a file.
    return (
        not any("@" in each[1:] for each in hosts)
        and "@" not in str(found.get("dbname") or "")
        and all(not each or each.isdigit() for each in ports)
    )
