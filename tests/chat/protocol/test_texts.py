"""The code, the folder's docstring and the users' page name the same requests, events and refusals."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import mixsvc.chat
import mixsvc.chat.protocol
from mixsvc.chat.protocol import events
from mixsvc.chat.protocol.parsing import REQUESTS

ROOT = Path(mixsvc.chat.__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "chat-protocol.md"

# The calls that refuse a request, with the position of the code among the arguments.
REFUSING = {"RequestRefused": 0, "refusal": 1, "begin_waiting": 2}


def calls(text: str) -> Iterator[tuple[str, list[ast.expr]]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, node.args


def constant(arguments: list[ast.expr], index: int) -> str | None:
    argument = arguments[index] if len(arguments) > index else None
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else None


def events_of_code() -> set[str]:
    source = inspect.getsource(events)
    found = (constant(arguments, 0) for name, arguments in calls(source) if name == "_event")
    # Two are written by hand.
    return {name for name in found if name is not None} | set(re.findall(r"""f'\{\{"type":"(\w+)",""", source))


def refusals_of_code() -> set[str]:
    found = {
        constant(arguments, REFUSING[name])
        for file in Path(mixsvc.chat.__file__).parent.rglob("*.py")
        for name, arguments in calls(file.read_text())
        if name in REFUSING
    }
    return {code for code in found if code is not None}


def of_docstring(*headings: str) -> set[str]:
    """The names under the headings that begin so."""
    found: set[str] = set()
    for part in re.split(r"\n\n(?=\w.*\n    )", inspect.getdoc(mixsvc.chat.protocol) or ""):
        if part.startswith(headings):
            found |= set(re.findall(r"^    (\w+): ", part, re.MULTILINE))
    return found


def of_page(*headings: str) -> set[str]:
    """The names in the first column of the tables under the headings."""
    found: set[str] = set()
    for part in re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE):
        if part.splitlines()[0] in headings:
            for cell in re.findall(r"^\| (`[^|]*) \|", part, re.MULTILINE):
                found |= set(re.findall(r"`(\w+)`", cell))
    return found


def test_requests_are_the_same_in_code_docstring_and_page() -> None:
    assert set(REQUESTS) == of_docstring("Requests") == of_page("From the client", "Moderators")


def test_events_are_the_same_in_code_docstring_and_page() -> None:
    assert events_of_code() == of_docstring("Events") == of_page("From the server")


def test_refusals_are_the_same_in_code_docstring_and_page() -> None:
    assert refusals_of_code() == of_docstring("Refusals") == of_page("Errors")
