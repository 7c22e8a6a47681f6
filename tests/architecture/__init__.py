"""The rules that the sources keep to, read with `ast`; nothing of the project is imported for it.

sources.py reads modules and their imports. floors.py ranks the rooms: who may import whom. circles.py finds imports
that lead back to where they began. shape.py limits how large things may be and how often a name may be used.
tests/test_architecture.py runs all of them on the real tree, and on broken trees that each rule must refuse.
"""

from collections.abc import Sequence

from tests.architecture.circles import check_circles
from tests.architecture.floors import OURS_WITH_REACTOR, check_floors, check_libraries, check_reactor
from tests.architecture.shape import (
    check_class_names,
    check_exports,
    check_folders,
    check_functions,
    check_length,
)
from tests.architecture.sources import Source, read_sources

__all__ = ["OURS_WITH_REACTOR", "Source", "problems", "read_sources"]

OF_ONE_MODULE = (check_floors, check_libraries, check_reactor, check_length, check_functions, check_exports)
OF_THE_TREE = (check_circles, check_folders, check_class_names)


def problems(sources: Sequence[Source]) -> list[str]:
    """What is wrong with the sources, a line each; nothing when all is well."""
    found = [f"{source.name}: {line}" for source in sources for check in OF_ONE_MODULE for line in check(source)]
    return found + [line for check in OF_THE_TREE for line in check(sources)]
