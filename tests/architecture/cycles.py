"""Import cycles, of files and of folders."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Final

from tests.architecture.sources import PACKAGES, Import, Source, imports

__all__ = ["check_cycles"]

# The modules at the root of a package are in different layers, so each counts as a folder of its own.
ROOTS: Final = PACKAGES


def check_cycles(sources: Sequence[Source]) -> Iterator[str]:
    """No file and no folder imports itself by way of others."""
    known = {source.name: source for source in sources}
    files: dict[str, set[str]] = defaultdict(set)
    folders: dict[str, set[str]] = defaultdict(set)
    for source in sources:
        for target in _targets(source, known):
            files[source.name].add(target)
            if _part(source) != _part(known[target]):
                folders[_part(source)].add(_part(known[target]))
    yield from _cycle("files", files)
    yield from _cycle("folders", folders)


def _targets(source: Source, known: Mapping[str, Source]) -> Iterator[str]:
    for each in imports(source):
        target = _target(each, known)
        if target is not None and target != source.name:
            yield target


def _target(each: Import, known: Mapping[str, Source]) -> str | None:
    """The module that is imported: the name itself, or the module that has the name."""
    if not each.is_ours():
        return None
    return next((name for name in (each.full(), each.module) if name in known), None)


def _part(source: Source) -> str:
    folder = source.folder()
    return source.name if folder in ROOTS else folder


def _cycle(kind: str, arrows: Mapping[str, Iterable[str]]) -> Iterator[str]:
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        # graphlib follows the arrows backwards.
        yield f"an import cycle of {kind}: {' -> '.join(reversed(error.args[1]))}"
