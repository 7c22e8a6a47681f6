"""What a payload in Slack's form says: its text, that of its blocks and attachments, and who says it. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mixsvc.common import names
from mixsvc.common.text import without_surrogates
from mixsvc.pages.webhooks.blocks import block_lines, each_object, text_of
from mixsvc.pages.webhooks.light_markdown import joined, link
from mixsvc.pages.webhooks.mrkdwn import markdown, plain

__all__ = ["author", "cut", "message_text"]

CUT: Final = "…"


def message_text(payload: Mapping[str, Any]) -> str:
    """Returns the text of a payload, "" if it has none. Raises RecursionError for one that is nested too deeply.

    Where there are blocks, Slack shows them in place of `text`, which is for notifications then; a text that is given
    says all that matters, so it comes in place of the blocks.
    """
    text = text_of(payload, "text")
    said = plain(text) if payload.get("mrkdwn") is False else markdown(text)
    lines = [said] if said.strip() else [*block_lines(payload.get("blocks"))]
    for attachment in each_object(payload.get("attachments")):
        found = [line for line in _attachment(attachment) if line.strip()]
        lines += found or [plain(text_of(attachment, "fallback"))]
    shown = "\n".join(line for line in lines if line.strip())
    return without_surrogates(shown).replace("\0", "").replace("\r\n", "\n").strip()


def author(payload: Mapping[str, Any], hook: str) -> str:
    """Returns the name under which a payload of a hook is said; that of the hook where it gives none that can be."""
    try:
        return names.hook_name(without_surrogates(text_of(payload, "username")))
    except names.BadName:
        return names.hook_name(hook)


def cut(text: str, most: int) -> str:
    """Returns at most so many characters of a text; one that was longer ends with an ellipsis, behind a whole one."""
    if len(text) <= most:
        return text
    end = most - len(CUT)
    while end > 1 and names.continues(text[end]):
        end -= 1
    return text[:end].rstrip() + CUT


def _attachment(fields: Mapping[str, Any]) -> Iterator[str]:
    yield markdown(text_of(fields, "pretext"))
    yield plain(text_of(fields, "author_name"))
    title, address = plain(text_of(fields, "title")), plain(text_of(fields, "title_link"))
    yield joined([link(address, title)]) if address else title
    yield markdown(text_of(fields, "text"))
    yield from block_lines(fields.get("blocks"))
    for field in each_object(fields.get("fields")):
        name, value = plain(text_of(field, "title")), markdown(text_of(field, "value"))
        yield f"{name}: {value}" if name and value else name or value
    for action in each_object(fields.get("actions")):
        if text_of(action, "url"):
            yield joined([link(plain(text_of(action, "url")), plain(text_of(action, "text")))])
