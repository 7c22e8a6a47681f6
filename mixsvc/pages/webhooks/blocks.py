"""The text of Slack's blocks (Block Kit): what a person would read of them, line by line. Pure.

What has no text, such as a divider or a menu, is left out, and so is what is not as Slack describes it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from mixsvc.pages.webhooks.light_markdown import BOLD, ITALICS, Link, Marked, Part, block_of_code, code, joined, link
from mixsvc.pages.webhooks.mrkdwn import markdown, plain

__all__ = ["block_lines", "each_object", "text_of"]


def block_lines(blocks: object) -> Iterator[str]:
    """Yields the lines of a list of blocks; raises RecursionError for some that are nested too deeply."""
    for block in each_object(blocks):
        yield from LINES.get(text_of(block, "type"), _nothing)(block)


def each_object(value: object) -> Iterator[Mapping[str, Any]]:
    """Yields the objects of a list; nothing of what is not a list."""
    yield from (each for each in (value if isinstance(value, list) else ()) if isinstance(each, dict))


def text_of(fields: Mapping[str, Any], member: str) -> str:
    """Returns a member that is a text; "" for every other one."""
    value = fields.get(member)
    return value if isinstance(value, str) else ""


def _nothing(block: Mapping[str, Any]) -> Iterator[str]:
    return iter(())


def _composed(value: object) -> str:
    """Returns the text of a text object."""
    if not isinstance(value, dict):
        return ""
    text = text_of(value, "text")
    return markdown(text) if value.get("type") == "mrkdwn" else plain(text)


def _section(block: Mapping[str, Any]) -> Iterator[str]:
    yield _composed(block.get("text"))
    for field in each_object(block.get("fields")):
        yield _composed(field)
    accessory = block.get("accessory")
    yield from _elements([accessory])


def _header(block: Mapping[str, Any]) -> Iterator[str]:
    text = _composed(block.get("text")).strip()
    yield joined([Marked(BOLD, [text])]) if text else ""


def _context(block: Mapping[str, Any]) -> Iterator[str]:
    found = [_composed(each) or text_of(each, "alt_text") for each in each_object(block.get("elements"))]
    yield " ".join(each for each in found if each)


def _image(block: Mapping[str, Any]) -> Iterator[str]:
    yield _composed(block.get("title")) or plain(text_of(block, "alt_text"))


def _actions(block: Mapping[str, Any]) -> Iterator[str]:
    yield from _elements(block.get("elements"))


def _elements(elements: object) -> Iterator[str]:
    """Yields the buttons that lead somewhere."""
    for element in each_object(elements):
        if element.get("type") == "button" and text_of(element, "url"):
            yield joined([link(text_of(element, "url"), _composed(element.get("text")))])


def _markdown(block: Mapping[str, Any]) -> Iterator[str]:
    yield text_of(block, "text")


def _rich_text(block: Mapping[str, Any]) -> Iterator[str]:
    for element in each_object(block.get("elements")):
        yield from _rich_lines(element)


def _rich_lines(element: Mapping[str, Any]) -> Iterator[str]:
    parts = element.get("elements")
    match element.get("type"):
        case "rich_text_section":
            yield _inline(parts)
        case "rich_text_quote":
            yield from (f"> {line}" for line in _inline(parts).splitlines())
        case "rich_text_preformatted":
            yield block_of_code(_unmarked(parts).strip())
        case "rich_text_list":
            marks = _marks(element)
            for number, item in enumerate(each_object(parts), 1):
                yield from (f"{marks(number)} {line}" for line in _rich_lines(item))


def _marks(element: Mapping[str, Any]) -> Callable[[int], str]:
    return (lambda number: f"{number}.") if element.get("style") == "ordered" else (lambda number: "-")


def _inline(parts: object) -> str:
    found: list[Part] = []
    for part in each_object(parts):
        found += _styled(part, INLINE.get(text_of(part, "type"), _no_text)(part))
    return joined(found)


def _unmarked(parts: object) -> str:
    """Returns the texts of what stands in a block of code."""
    return "".join(text_of(part, "text") or text_of(part, "url") for part in each_object(parts))


def _no_text(part: Mapping[str, Any]) -> str:
    return ""


def _styled(part: Mapping[str, Any], shown: Part) -> Sequence[Part]:
    """Returns what a part shows in its style, and the white space around that."""
    style = part.get("style")
    if not isinstance(style, dict) or (isinstance(shown, str) and not shown.strip()):
        return [shown]
    inside = [_as_code(shown) if style.get("code") is True else shown]
    before = behind = ""
    if isinstance(inside[0], str):
        core = inside[0].strip()
        before, _, behind = inside[0].partition(core)
        inside = [core]
    if style.get("strike") is True:
        inside = ["~", *inside, "~"]
    for name, mark in MARKS:
        if style.get(name) is True:
            inside = [Marked(mark, inside)]
    return [before, *inside, behind]


def _as_code(shown: Part) -> Part:
    if isinstance(shown, Link):
        return Link(shown.address, shown.label and code(shown.label))
    return code(shown) if isinstance(shown, str) else shown


MARKS: Final[Sequence[tuple[str, str]]] = (("bold", BOLD), ("italic", ITALICS))

# The texts of rich text are what people read: they have no entities.
INLINE: Final[Mapping[str, Callable[[Mapping[str, Any]], Part]]] = {
    "text": lambda part: text_of(part, "text"),
    "link": lambda part: link(text_of(part, "url"), text_of(part, "text")),
    "emoji": lambda part: f":{text_of(part, 'name')}:",
    "user": lambda part: f"@{text_of(part, 'user_id')}",
    "usergroup": lambda part: f"@{text_of(part, 'usergroup_id')}",
    "channel": lambda part: f"#{text_of(part, 'channel_id')}",
    "broadcast": lambda part: f"@{text_of(part, 'range')}",
    "date": lambda part: text_of(part, "fallback"),
    "color": lambda part: text_of(part, "value"),
}

LINES: Final[Mapping[str, Callable[[Mapping[str, Any]], Iterator[str]]]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "image": _image,
    "video": _image,
    "actions": _actions,
    "markdown": _markdown,
    "rich_text": _rich_text,
}
