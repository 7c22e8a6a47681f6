"""The parameters of a query."""

import tracemalloc

from mixsvc.answers.asked import CACHED_CHARS, Parameters


def test_a_parameter_is_found_in_a_query_of_any_length() -> None:
    for length in (4, CACHED_CHARS - 5, 8000):
        assert Parameters("base=" + "x" * length, ("base",)).one("base") == "x" * length


def test_long_queries_take_no_memory_once_they_are_answered() -> None:
    queries = ["&".join(f"{first}{each:x}" for each in range(2000))[:8000] for first in range(50)]
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for query in queries:
            Parameters(query, ())
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert after - before < 1_000_000
