#!/bin/sh
# SQLite: with PRAGMA secure_delete=ON some deleted texts stay in the database file; VACUUM removes them.
#
# What one would expect: "When secure_delete is on, SQLite overwrites deleted content with zeros", so that the file of
# a database without a write-ahead log has none of the deleted texts.
#
# What happens (SQLite 3.54.1 in apsw 3.54.1.0; the same with 3.40.1 of Debian 12): 6000 rows are inserted, every third
# one is deleted, journal_mode=DELETE.
#   keys in rising order         0 of 2000 deleted texts are still in the file
#   keys in mixed order          5
#   eight rooms with numbers     8 (WITHOUT ROWID, PRIMARY KEY (room, number): rows go between others)
#   after VACUUM                 0 each
# What stays was not in the deleted row any more: when a page is split or balanced, its rows are written anew, and the old
# bytes stay in the gap between the page's cell pointers and its cells. Only the bytes of the deleted cell are zeroed.
#
# Source: https://sqlite.org/pragma.html#pragma_secure_delete; the file format (https://sqlite.org/fileformat2.html,
# section 1.6) names the gap "unallocated space". Seen in the files, not taken from elsewhere.
#
# Why it matters: whoever promises that a deleted message is gone cannot rest on the pragma; after deletions the pages that
# had splits have to be rewritten (VACUUM, VACUUM INTO, or zeros in the gaps). A test that inserts in rising order, or
# deletes everything, finds nothing.
#
# Run it: sh findings/sqlite-secure-delete.sh. It needs python3 and pip's index; it fails if the behaviour changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check install --quiet apsw==3.54.1.0

cat >"$folder/finding.py" <<'PYTHON'
import hashlib
import sys
from pathlib import Path

import apsw

ROWS = 6000
# The table, and the key of each row as an expression of ?1, which counts from 0.
SHAPES = {
    "keys in rising order": ("(id INTEGER PRIMARY KEY, text TEXT)", "id", "?1"),
    "keys in mixed order": ("(id INTEGER PRIMARY KEY, text TEXT)", "id", "?1 * 7919 % 1000003"),
    "eight rooms with numbers": (
        "(room TEXT, number INTEGER, text TEXT, PRIMARY KEY (room, number)) WITHOUT ROWID",
        "room, number",
        "'room' || (?1 % 8), ?1 / 8",
    ),
}


def text(number):
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    return digest[:16] + "x" * (int(digest[16:20], 16) % 200)


def left(path, texts):
    data = path.read_bytes()
    return sum(each[:16].encode() in data for each in texts)


def trial(path, table, key, value):
    connection = apsw.Connection(str(path))
    for statement in ("journal_mode=DELETE", "synchronous=OFF", "secure_delete=ON"):
        connection.execute(f"PRAGMA {statement}").fetchall()
    connection.execute(f"CREATE TABLE message {table}")
    for number in range(ROWS):
        connection.execute(f"INSERT INTO message ({key}, text) VALUES ({value}, ?2)", (number, text(number)))
    for number in range(0, ROWS, 3):
        connection.execute(f"DELETE FROM message WHERE ({key}) = ({value})", (number,))
    deleted = [text(number) for number in range(0, ROWS, 3)]
    before = left(path, deleted)
    connection.execute("VACUUM")
    connection.close()
    return before, left(path, deleted)


print(f"SQLite {apsw.sqlitelibversion()}, apsw {apsw.apswversion()}")
found = {}
for name, (table, key, value) in SHAPES.items():
    found[name] = trial(Path(f"{len(found)}.sqlite3"), table, key, value)
    print(f"{name:25} {found[name][0]} of {ROWS // 3} deleted texts are in the file; after VACUUM {found[name][1]}")
rising, mixed, rooms = found.values()
if rising != (0, 0) or not mixed[0] or not rooms[0] or mixed[1] or rooms[1]:
    sys.exit("the behaviour has changed")
PYTHON
cd "$folder"
exec "$folder/venv/bin/python" "$folder/finding.py"
