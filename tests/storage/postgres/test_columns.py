"""Arrays arrive in PostgreSQL as they were given."""

from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mixsvc.storage.postgres.columns import columns
from tests.stores import PostgresTables

# PostgreSQL refuses U+0000, and UTF-8 has no halves of pairs.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
ROWS = st.lists(
    st.tuples(
        st.none() | TEXTS | st.sampled_from(["", "NULL", "{}", '"', "\\", "a,b", " ", "\\\\n", "t"]),
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.booleans(),
    )
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ROWS)
def test_any_cells(empty_postgres_tables: PostgresTables, rows: list[Any]) -> None:
    given = columns(rows, 3)

    cursor = empty_postgres_tables.connection.execute("SELECT %s::text[], %s::bigint[], %s::boolean[]", given)

    assert cursor.fetchall() == [tuple([row[place] for row in rows] for place in range(3))]


def test_a_text_with_what_postgresql_refuses_is_refused(empty_postgres_tables: PostgresTables) -> None:
    with pytest.raises(psycopg.DataError):
        empty_postgres_tables.connection.execute("SELECT %s::text[]", columns([("a\0b",)], 1))
