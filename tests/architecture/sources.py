"""Modules as text, and what they import."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["PACKAGES", "Import", "Source", "imports", "read_sources", "within"]

PACKAGES: Final = ("mixsvc", "txgevent", "txsockjs")


@dataclass(frozen=True)
class Source:
    """One module: its dotted name, its text, and whether it is a package's __init__.py."""

    name: str
    text: str
    is_package: bool = False

    def tree(self) -> ast.Module:
        """The parsed text; the same object each time."""
        return _parsed(self.text)

    def folder(self) -> str:
        """The dotted name of the folder that the file is in."""
        return self.name if self.is_package else self.name.rpartition(".")[0]


@dataclass(frozen=True)
class Import:
    """One imported name: the module, what is taken from it (or nothing), where, and whether inside a function."""

    module: str
    name: str
    line: int
    inside: bool

    def full(self) -> str:
        """The dotted name of what is imported."""
        return f"{self.module}.{self.name}" if self.name else self.module

    def is_ours(self) -> bool:
        """Whether it belongs to one of our packages; the version of mixsvc does not count."""
        return any(within(self.module, package) for package in PACKAGES) and self.full() != "mixsvc.__version__"


def read_sources(root: Path) -> list[Source]:
    """Every module of the packages and the plugins below root."""
    files = [file for part in (*PACKAGES, "twisted") for file in sorted((root / part).rglob("*.py"))]
    return [_source(root, file) for file in files]


def imports(source: Source) -> Iterator[Import]:
    """Everything that the module imports, at the top, inside functions and for type checkers alike."""
    functions = [
        node
        for node in ast.walk(source.tree())
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    ]
    for node in ast.walk(source.tree()):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        inside = any(function.lineno <= node.lineno <= (function.end_lineno or 0) for function in functions)
        for alias in node.names:
            if isinstance(node, ast.Import):
                yield Import(alias.name, "", node.lineno, inside)
            else:
                yield Import("." * node.level + (node.module or ""), alias.name, node.lineno, inside)


def within(module: str, package: str) -> bool:
    """Whether the module is the package or is inside it."""
    return module == package or module.startswith(f"{package}.")


def _source(root: Path, file: Path) -> Source:
    parts = file.relative_to(root).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    return Source(".".join(parts[:-1] if is_package else parts), file.read_text(encoding="utf-8"), is_package)


@cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)
