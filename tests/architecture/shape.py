"""How large files, folders and functions may be, what they export, and that a class name is used once."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tests.architecture.sources import Source, imports

__all__ = [
    "check_class_names",
    "check_exports",
    "check_folders",
    "check_functions",
    "check_imported_names",
    "check_length",
]

MAX_MODULE_LINES: Final = 450
MAX_BODY_LINES: Final = 24
MAX_PARAMETERS: Final = 5
MAX_FILES: Final = 20
# In the root of mixsvc.
MAX_ROOT_FILES: Final = 10


def check_length(source: Source) -> Iterator[str]:
    """A module holds one subject, such as one whole class."""
    lines = len(source.text.splitlines())
    if lines > MAX_MODULE_LINES:
        yield f"has {lines} lines; the limit is {MAX_MODULE_LINES}"


def check_functions(source: Source) -> Iterator[str]:
    """A function is short and takes few arguments.

    What counts: the lines of the body that hold code, those of functions inside it included; not the signature,
    the docstring, comments and blank lines. Every parameter but self and cls, *args and **kwargs as one each.
    """
    for node in ast.walk(source.tree()):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines, parameters = _body_lines(node, source.text), _parameters(node)
            if lines > MAX_BODY_LINES:
                yield f"line {node.lineno}: {node.name} has {lines} lines; the limit is {MAX_BODY_LINES}"
            if parameters > MAX_PARAMETERS:
                yield f"line {node.lineno}: {node.name} has {parameters} parameters; the limit is {MAX_PARAMETERS}"


def check_exports(source: Source) -> Iterator[str]:
    """A module with public names lists them in __all__, each once and each defined."""
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


def check_imported_names(sources: Sequence[Source]) -> Iterator[str]:
    """What one module imports from another is in the latter's __all__."""
    exported = {source.name: set(_exported(source.tree().body) or ()) for source in sources}
    for source in sources:
        for each in imports(source):
            known = exported.get(each.module)
            if known is None or not each.name or each.name == "__version__" or each.full() in exported:
                continue
            if each.name not in known:
                yield f"{source.name}: line {each.line}: __all__ of {each.module} lacks {each.name}"


def check_folders(sources: Sequence[Source]) -> Iterator[str]:
    """A folder holds few files, so that a reader can survey them."""
    files: dict[str, int] = defaultdict(int)
    for source in sources:
        files[source.folder()] += 1
    for folder, count in files.items():
        most = MAX_ROOT_FILES if folder == "mixsvc" else MAX_FILES
        if count > most:
            yield f"{folder}: has {count} Python files directly in it; the limit is {most}"


def check_class_names(sources: Sequence[Source]) -> Iterator[str]:
    """A class name means one thing in a package."""
    places: Mapping[tuple[str, str], list[str]] = defaultdict(list)
    for source in sources:
        for node in ast.walk(source.tree()):
            if isinstance(node, ast.ClassDef):
                places[source.name.partition(".")[0], node.name].append(source.name)
    for (package, name), modules in places.items():
        if len(modules) > 1:
            yield f"{package}: the class name {name} is used in {' and '.join(modules)}"


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
    """The names in __all__; None if it is missing or is not a list of strings."""
    for node in body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List(elts=elements)):
                names = [each.value for each in elements if isinstance(each, ast.Constant)]
                return [name for name in names if isinstance(name, str)] if len(names) == len(elements) else None
    return None
