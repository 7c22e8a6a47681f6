"""Deletes the rows beyond a number of the newest: messages of rooms, events of topics. One slice at a time."""

from typing import Any, Final

__all__ = ["pruned", "pruning"]

# Some heads, together with not many more rows than are deleted at once.
_PRUNE: Final = """
    WITH crowded AS (
        SELECT head.name, head.last - greatest(%(keep)s::bigint, 1) - oldest.number + 1 AS surplus
        FROM {head} head CROSS JOIN LATERAL (
            SELECT number FROM {row} WHERE {row}.{head} = head.name AND {row}.number >= head.first
            ORDER BY {row}.number LIMIT 1
        ) oldest
        WHERE oldest.number <= head.last - greatest(%(keep)s::bigint, 1)
    ), chosen AS (
        SELECT name FROM (SELECT name, sum(surplus) OVER (ORDER BY name) - surplus AS before FROM crowded) each
        WHERE before < %(most)s
    ), locked AS MATERIALIZED (
        SELECT name FROM {head} WHERE name IN (SELECT name FROM chosen) ORDER BY name FOR UPDATE
    )
    SELECT count(*), {function}(array_agg(name), %(keep)s, %(most)s) FROM locked
"""


def pruning(head: str, row: str, function: str) -> str:
    """Returns a statement; its parameters are `keep`, how many rows a head keeps, and `most`, how many go at once.

    Its answer is the number of heads that had too many. The newest row always stays. head: the table of rooms or of
    topics, and the column of the other table that names one. row: that table. function: of the schema, which deletes.
    """
    return _PRUNE.format(head=head, row=row, function=function)


def pruned(cursor: Any, statement: str, keep: int, most: int) -> bool:
    """Run such a statement; returns whether there were heads that had too many."""
    return bool(cursor.execute(statement, {"keep": keep, "most": most}).fetchone()[0])
