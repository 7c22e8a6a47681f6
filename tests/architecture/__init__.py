"""The rules for the sources, which are read with `ast`; nothing of the project is imported.

sources.py reads modules and their imports. layers.py says who may import whom. cycles.py finds import cycles. shape.py
limits how large things may be and how often a name may be used. encodings.py asks for the encoding of files.
tests/test_architecture.py runs all of them on the real tree, and on broken trees that each rule must refuse.
"""

from collections.abc import Sequence

from tests.architecture.cycles import check_cycles
from tests.architecture.encodings import check_encodings
from tests.architecture.layers import OURS_WITH_REACTOR, check_layers, check_libraries, check_reactor
from tests.architecture.shape import (
    check_class_names,
    check_exports,
    check_folders,
    check_functions,
    check_imported_names,
    check_length,
)
from tests.architecture.sources import Source, read_sources

__all__ = ["OURS_WITH_REACTOR", "Source", "problems", "read_sources"]

OF_ONE_MODULE = (
    *(check_layers, check_libraries, check_reactor),
    *(check_length, check_functions, check_exports, check_encodings),
)
OF_THE_TREE = (check_cycles, check_folders, check_class_names, check_imported_names)


def problems(sources: Sequence[Source]) -> list[str]:
    """What is wrong with the sources, a line each; empty if nothing is."""
    found = [f"{source.name}: {line}" for source in sources for check in OF_ONE_MODULE for line in check(source)]
    return found + [line for check in OF_THE_TREE for line in check(sources)]
