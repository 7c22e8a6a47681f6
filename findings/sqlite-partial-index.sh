#!/bin/sh
# SQLite: in a table WITHOUT ROWID a partial index of the primary key's columns is not used until somebody runs ANALYZE.
#
# What one would expect: a partial index on the columns of the primary key, `ON message (room, number) WHERE deleted_by IS
# NOT NULL`, has the few rows that a query with the same condition is for. It is taken, as in any other table.
#
# What happens (SQLite 3.54.1 of apsw 3.54.1.0, and 3.40.1; 20 000 rows, 5 of which are in the index):
#                   a table with rowids                without                         without, after ANALYZE
#   the plan        INDEX message_deleted              PRIMARY KEY                     INDEX message_deleted
#   instructions    35                                 80 018                          44
# Both ways have the same columns to search by. In the second table the rows, with their long texts, are in the primary
# key itself, and the query reads all of them. `INDEXED BY message_deleted` makes it take the index, and is an error where
# that index cannot serve the query.
#
# Source: https://sqlite.org/partialindex.html: a partial index may be used if the query's condition implies that of the
# index; which one is used is the planner's choice, and https://sqlite.org/withoutrowid.html does not say that it differs.
#
# Why it matters: lists of what is rare (deleted, failed, not yet sent) have such indexes so that they stay cheap in large
# tables. An application that never runs ANALYZE, or runs it on an empty table, pays for all rows, and sees it with the
# users' data only: the same schema with rowids is quick.
#
# Run it: sh findings/sqlite-partial-index.sh. It needs python3 and pip's index; it fails if the behaviour changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check install --quiet apsw==3.54.1.0

cat >"$folder/finding.py" <<'PYTHON'
import sys

import apsw

ROWS = 20_000
FOUND = list(range(0, ROWS, 4000))
QUERY = f"SELECT number FROM message WHERE room = 'lobby' AND number < {ROWS} AND deleted_by IS NOT NULL"


def tried(kind: str, *, analyzed: bool) -> str:
    """The index that the query takes; prints it, and how many instructions of SQLite's machine it runs."""
    database = apsw.Connection(":memory:")
    database.execute(
        "CREATE TABLE message (room TEXT, number INTEGER, text TEXT, deleted_by TEXT, PRIMARY KEY (room, number))" + kind
    )
    rows = [(number, "x" * 500, "Mod" if number in FOUND else None) for number in range(ROWS)]
    database.executemany("INSERT INTO message VALUES ('lobby', ?, ?, ?)", rows)
    database.execute("CREATE INDEX message_deleted ON message (room, number) WHERE deleted_by IS NOT NULL")
    if analyzed:
        database.execute("ANALYZE")
    [(_, _, _, plan)] = database.execute(f"EXPLAIN QUERY PLAN {QUERY}")
    instructions = 0

    def count() -> bool:
        nonlocal instructions
        instructions += 1
        return False

    database.set_progress_handler(count, 1)
    found = [number for (number,) in database.execute(QUERY)]
    database.set_progress_handler(None)
    assert found == FOUND
    words = f"{kind.strip() or 'with rowids'}{', after ANALYZE' if analyzed else ''}"
    print(f"{words:30} {plan}: {instructions} instructions")
    return "the primary key" if "PRIMARY KEY" in plan else "the partial index"


print(f"SQLite {apsw.sqlite_lib_version()}")
without = " WITHOUT ROWID"
taken = [tried("", analyzed=False), tried(without, analyzed=False), tried(without, analyzed=True)]
if taken != ["the partial index", "the primary key", "the partial index"]:
    sys.exit("the behaviour has changed")
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
