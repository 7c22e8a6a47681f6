"""Text in files has an encoding that the source names: that of the locale may have no place for it."""

import ast
from collections.abc import Iterator
from typing import Final

from tests.architecture.sources import Source

__all__ = ["check_encodings"]

# Calls that read or write text, and after how many positional arguments the encoding follows.
OPENING: Final = {"open": 3, "fdopen": 3}
TEXTS: Final = {"read_text": 0, "write_text": 1}


def check_encodings(source: Source) -> Iterator[str]:
    """Who opens text, or talks text with another program, says in which encoding."""
    for node in ast.walk(source.tree()):
        if isinstance(node, ast.Call) and _is_text(node) and not _has_encoding(node):
            yield f"line {node.lineno}: name the encoding"


def _is_text(call: ast.Call) -> bool:
    keywords = {each.arg: each.value for each in call.keywords}
    if any(_is_true(keywords.get(name)) for name in ("text", "universal_newlines")):
        return True
    name = _name(call.func)
    return name in TEXTS or (name in OPENING and not _is_binary(call, keywords.get("mode")))


def _is_true(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is True


def _name(function: ast.expr) -> str:
    match function:
        case ast.Name(id="open" | "fdopen"):
            return function.id
        case ast.Attribute(value=ast.Name(id="os"), attr="fdopen"):
            return "fdopen"
        case ast.Attribute(attr="read_text" | "write_text"):
            return function.attr
    return ""


def _is_binary(call: ast.Call, mode: ast.expr | None) -> bool:
    given = mode or (call.args[1] if len(call.args) > 1 else None)
    return isinstance(given, ast.Constant) and "b" in str(given.value)


def _has_encoding(call: ast.Call) -> bool:
    place = {**OPENING, **TEXTS}.get(_name(call.func))
    return any(each.arg == "encoding" for each in call.keywords) or (place is not None and len(call.args) > place)
