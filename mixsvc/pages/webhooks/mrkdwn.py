"""Slack's markup as the chat's light Markdown: links, mentions, bold text and italics. Pure.

Slack, "Formatting text for app surfaces": `&`, `<` and `>` are written as entities, and `<…>` is a link or a mention.
Struck text stays as it is sent, between `~`: the page has no other form for it, and without them it would say more.
"""

import re
from typing import Final

from mixsvc.pages.webhooks.light_markdown import BOLD, ITALICS, Marked, Part, is_address, joined, link

__all__ = ["markdown", "plain"]

CODE: Final = r"(?P<code>```.*?```|`[^`\n]+`)"
TOKEN: Final = r"<(?P<token>[^<>\n]+)>"
PIECE: Final = re.compile(
    rf"{CODE}|{TOKEN}"
    r"|(?<!\w)_(?P<leaning>[^\s_](?:[^_\n]*[^\s_])?)_(?!\w)"
    r"|(?<![\w*])\*(?P<bold>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])",
    re.DOTALL,
)
IN_CODE: Final = re.compile(TOKEN)


def markdown(text: str) -> str:
    """Returns a text of the type `mrkdwn` as light Markdown."""
    return joined(_parts(text))


def plain(text: str) -> str:
    """Returns a text without markup, in which only entities stand for other characters."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _parts(text: str) -> list[Part]:
    parts: list[Part] = []
    end = 0
    for found in PIECE.finditer(text):
        parts += [plain(text[end : found.start()]), _piece(found)]
        end = found.end()
    return [*parts, plain(text[end:])]


def _piece(found: re.Match[str]) -> Part:
    if found["code"]:
        return plain(IN_CODE.sub(lambda each: _bare(each["token"]), found["code"]))
    if found["bold"]:
        return Marked(BOLD, _parts(found["bold"]))
    if found["leaning"]:
        return Marked(ITALICS, _parts(found["leaning"]))
    return _token(found["token"])


def _token(token: str) -> Part:
    """Returns what stands between < and >: a link, a mention, a date, or text that is neither."""
    target, _, label = (plain(part) for part in token.partition("|"))
    match target[:1]:
        case "@" | "#":
            return f"{target[0]}{label.removeprefix(target[0]) or target[1:]}"
        case "!":
            # Such as !here, !subteam^ID|@group and !date^SECONDS^FORMAT|TEXT.
            return label or f"@{target[1:].partition('^')[0]}"
    return link(target, label) if is_address(target) else f"<{plain(token)}>"


def _bare(token: str) -> str:
    """Returns what stands between < and > in code."""
    target, _, label = token.partition("|")
    return label or target if target[:1] in ("@", "#", "!") or is_address(target) else f"<{token}>"
