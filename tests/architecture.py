"""What the sources must keep to, read with `ast`: who may import whom, and how long things may be."""

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["CHECKS", "OURS_WITH_REACTOR", "Source", "problems", "read_sources"]

MAX_MODULE_LINES: Final = 450
MAX_BODY_LINES: Final = 24
MAX_PARAMETERS: Final = 5

# The arrows of the design. A module may import its own part and every part below it; other parts of its rank it may
# not. The part of a module is the longest of these names that it starts with.
RANKS: Final = {
    "twisted.plugins": 9,
    # `app` and `mix`, made on first use: whoever imports these imports an edge.
    "mixsvc": 8,
    "mixsvc.tap": 7,
    "mixsvc.embedded": 7,
    "mixsvc.__main__": 7,
    "mixsvc.service": 6,
    "mixsvc.twistd": 6,
    "mixsvc.operations": 5,
    "mixsvc.application": 5,
    "mixsvc.facade": 5,
    "mixsvc.shutdown": 5,
    "mixsvc.pages": 4,
    "mixsvc.wsgi": 4,
    "mixsvc.chat": 4,
    "mixsvc.rates": 4,
    "mixsvc.charts": 4,
    "mixsvc.http": 3,
    # Knows the protocol, not the server.
    "mixsvc.client": 3,
    "mixsvc.storage": 3,
    "mixsvc.threads": 2,
    "mixsvc.config": 1,
    "mixsvc.interfaces": 0,
    "mixsvc.errors": 0,
    "mixsvc.common": 0,
    "txgevent": 0,
    "txsockjs": 0,
}
# Here the modules of one rank make up one part: the ground.
ONE_PART: Final = {0}
MAY_USE_TXSOCKJS: Final = {
    "twisted.plugins",
    "mixsvc.tap",
    "mixsvc.service",
    "mixsvc.chat",
    "mixsvc.operations",
    "txsockjs",
}
# What a reactor on gevent offers, and where one is chosen.
MAY_USE_TXGEVENT: Final = {"twisted.plugins", "mixsvc.embedded", "mixsvc.storage", "txgevent"}

EDGES: Final = {
    "mixsvc.tap",
    "mixsvc.embedded.crochet_reactor",
    "mixsvc.__main__",
    "mixsvc.charts.pool",
    "txsockjs.factory",
}
# Of our own, by what it imports: whoever imports it needs a reactor already.
OURS_WITH_REACTOR: Final = "mixsvc.charts.worker"
INSTALL_A_REACTOR: Final = ("twisted.internet.reactor", "twisted.web.tap", "ampoule", OURS_WITH_REACTOR)

# Blocking code in worker threads, and protocols as plain objects.
WITHOUT_TWISTED: Final = {
    "mixsvc.pages.app",
    "mixsvc.pages.index",
    "mixsvc.pages.api.rates",
    "mixsvc.chat.protocol.parsing",
    "mixsvc.chat.model.rooms",
    "mixsvc.rates.model.quote",
    "mixsvc.rates.model.latest",
    "txsockjs._protocol.frames",
}


@dataclass(frozen=True)
class Source:
    """One module: its dotted name and its text."""

    name: str
    text: str

    def tree(self) -> ast.Module:
        return ast.parse(self.text)


@dataclass(frozen=True)
class Import:
    """One imported name: the module, what is taken from it (or nothing), where, and whether inside a function."""

    module: str
    name: str
    line: int
    inside: bool

    def full(self) -> str:
        return f"{self.module}.{self.name}" if self.name else self.module


def read_sources(root: Path) -> list[Source]:
    """Every module of the packages and the plugins below root."""
    parts = ("mixsvc", "txgevent", "txsockjs", "twisted")
    files = [file for part in parts for file in sorted((root / part).rglob("*.py"))]
    return [Source(_module_name(file.relative_to(root)), file.read_text(encoding="utf-8")) for file in files]


def problems(sources: Sequence[Source]) -> list[str]:
    """What is wrong with the sources, a line each; nothing when all is well."""
    return [f"{source.name}: {line}" for source in sources for check in CHECKS for line in check(source)]


def _module_name(file: Path) -> str:
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def check_layers(source: Source) -> Iterator[str]:
    """Arrows point down only; txsockjs and txgevent know nothing of mixsvc, and only who needs them knows them."""
    part = _part(source.name)
    if part == "mixsvc" != source.name:
        yield "stands in no layer; give it a place in RANKS"
    for each in _imports(source):
        if each.module.startswith("."):
            yield f"line {each.line}: write the whole name of what is imported"
        target = _target(each)
        if target is not None and not _may_import(part, target):
            yield f"line {each.line}: {part} must not import {each.full()}"


def check_twisted(source: Source) -> Iterator[str]:
    """Flask's side and the pure modules import no Twisted."""
    for each in _imports(source):
        if source.name in WITHOUT_TWISTED and _within(each.module, "twisted"):
            yield f"line {each.line}: must not import Twisted ({each.full()})"


def check_reactor(source: Source) -> Iterator[str]:
    """The global reactor is imported inside functions only, and at the edges only."""
    for each in _imports(source):
        if source.name == OURS_WITH_REACTOR or not any(_within(each.full(), name) for name in INSTALL_A_REACTOR):
            continue
        if not each.inside:
            yield f"line {each.line}: {each.full()} installs a reactor when this module is imported"
        elif source.name not in EDGES:
            yield f"line {each.line}: only the edges import {each.full()}; take the reactor as an argument"


def check_length(source: Source) -> Iterator[str]:
    """A module is short."""
    lines = len(source.text.splitlines())
    if lines > MAX_MODULE_LINES:
        yield f"has {lines} lines, at most {MAX_MODULE_LINES} will do"


def check_functions(source: Source) -> Iterator[str]:
    """A function is short and takes few arguments.

    What counts: the lines of the body that hold code, those of functions inside it included; not the signature,
    the docstring, comments and blank lines. Every parameter but self and cls, *args and **kwargs as one each.
    """
    for node in ast.walk(source.tree()):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines, parameters = _body_lines(node, source.text), _parameters(node)
            if lines > MAX_BODY_LINES:
                yield f"line {node.lineno}: {node.name} has {lines} lines, at most {MAX_BODY_LINES} will do"
            if parameters > MAX_PARAMETERS:
                yield f"line {node.lineno}: {node.name} has {parameters} parameters, at most {MAX_PARAMETERS} will do"


def check_exports(source: Source) -> Iterator[str]:
    """A module with public names says in __all__ which others may use, each once and each there."""
    body = source.tree().body
    defined = set(_defined(body))
    exported = _exported(body)
    if exported is None:
        if any(not name.startswith("_") for name in defined):
            yield "has no __all__ of plain strings"
        return
    for name in sorted(set(exported)):
        if exported.count(name) > 1:
            yield f"__all__ names {name} twice"
        # A module's __getattr__ makes names on first use.
        if name not in defined | set(_imported(body)) and "__getattr__" not in defined:
            yield f"__all__ names {name}, which is not there"


CHECKS: Final[Sequence[Callable[[Source], Iterator[str]]]] = (
    check_layers,
    check_twisted,
    check_reactor,
    check_length,
    check_functions,
    check_exports,
)


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _part(module: str) -> str:
    return max((part for part in RANKS if _within(module, part)), key=len)


def _may_import(part: str, target: str) -> bool:
    if target == "txsockjs":
        return part in MAY_USE_TXSOCKJS
    if target == "txgevent":
        return part in MAY_USE_TXGEVENT
    return part == target or RANKS[target] < RANKS[part] or RANKS[target] == RANKS[part] in ONE_PART


def _target(each: Import) -> str | None:
    """The part that is imported; None for what is not ours, and for the version."""
    ours = any(_within(each.module, package) for package in ("mixsvc", "txgevent", "txsockjs"))
    if not ours or each.full() == "mixsvc.__version__":
        return None
    return _part(each.full())


def _imports(source: Source) -> Iterator[Import]:
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


def _body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef, text: str) -> int:
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    if not body:
        return 0
    lines = text.splitlines()[body[0].lineno - 1 : body[-1].end_lineno]
    return sum(1 for line in lines if line.strip() and not line.strip().startswith("#"))


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    given = [*node.args.posonlyargs, *node.args.args]
    counted = given[1:] if given and given[0].arg in ("self", "cls") else given
    return len(counted) + len(node.args.kwonlyargs) + bool(node.args.vararg) + bool(node.args.kwarg)


def _defined(body: Sequence[ast.stmt]) -> Iterator[str]:
    for node in body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Assign(targets=targets):
                yield from (each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name


def _imported(body: Sequence[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)


def _exported(body: Sequence[ast.stmt]) -> list[str] | None:
    """The names in __all__; None where there is none, or it is not a list of strings."""
    for node in body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List(elts=elements)):
                names = [each.value for each in elements if isinstance(each, ast.Constant)]
                return [name for name in names if isinstance(name, str)] if len(names) == len(elements) else None
    return None
