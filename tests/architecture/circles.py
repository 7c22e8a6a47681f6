"""Imports that lead back to where they began: among files, and among the folders that hold them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Final

from tests.architecture.sources import PACKAGES, Import, Source, imports

__all__ = ["check_circles"]

# The modules at the root of a package stand on different floors, so each counts as a folder of its own.
ROOTS: Final = PACKAGES


def check_circles(sources: Sequence[Source]) -> Iterator[str]:
    """No file, and no folder, imports itself by way of others."""
    known = {source.name: source for source in sources}
    files: dict[str, set[str]] = defaultdict(set)
    folders: dict[str, set[str]] = defaultdict(set)
    for source in sources:
        for target in _targets(source, known):
            files[source.name].add(target)
            if _room(source) != _room(known[target]):
                folders[_room(source)].add(_room(known[target]))
    yield from _circle("files", files)
    yield from _circle("folders", folders)


def _targets(source: Source, known: Mapping[str, Source]) -> Iterator[str]:
    for each in imports(source):
        target = _target(each, known)
        if target is not None and target != source.name:
            yield target


def _target(each: Import, known: Mapping[str, Source]) -> str | None:
    """The module that is imported: the name itself, or what it is taken from."""
    if not each.is_ours():
        return None
    return next((name for name in (each.full(), each.module) if name in known), None)


def _room(source: Source) -> str:
    folder = source.folder()
    return source.name if folder in ROOTS else folder


def _circle(kind: str, arrows: Mapping[str, Iterable[str]]) -> Iterator[str]:
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        # graphlib follows the arrows backwards.
        yield f"a circle of {kind}: {' -> '.join(reversed(error.args[1]))}"
