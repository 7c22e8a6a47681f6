"""Slack's markup as the chat's light Markdown: links, mentions, bold and struck text. Pure.

Slack, "Formatting text for app surfaces": `&`, `<` and `>` are written as entities, and `<…>` is a link or a mention.
"""

import re
from typing import Final

__all__ = ["link", "markdown", "plain"]

CODE: Final = r"(?P<code>```.*?```|`[^`\n]+`)"
TOKEN: Final = r"<(?P<token>[^<>\n]+)>"
PIECE: Final = re.compile(
    rf"{CODE}|{TOKEN}"
    r"|(?<![\w*])\*(?P<bold>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])"
    r"|(?<![\w~])~(?P<struck>[^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])",
    re.DOTALL,
)
IN_CODE: Final = re.compile(TOKEN)

# Where a link may lead; a label that looks like another address stands beside the real one. The pattern begins with one
# character of a word, as one that begins with a whole word looks for its end from each of its characters.
SCHEMES: Final = ("http://", "https://", "mailto:")
LIKE_ADDRESS: Final = re.compile(r"\w://|www\.|[\w-]\.[\w-]+/", re.IGNORECASE)


def markdown(text: str) -> str:
    """Returns a text of the type `mrkdwn` as light Markdown."""
    parts, end = [], 0
    for found in PIECE.finditer(text):
        parts += [plain(text[end : found.start()]), _piece(found)]
        end = found.end()
    return "".join([*parts, plain(text[end:])])


def plain(text: str) -> str:
    """Returns a text without markup, in which only entities stand for other characters."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def link(address: str, label: str) -> str:
    """Returns a link in Markdown; both are texts as people read them."""
    label = " ".join(label.split())
    shown = address.removeprefix("mailto:")
    if not _may_lead(address):
        return f"{label} ({address})" if label else address
    if label in ("", address, shown):
        return shown
    if LIKE_ADDRESS.search(label):
        return f"{label} ({shown})"
    target = address.replace("(", "%28").replace(")", "%29")
    return f"[{_escaped(label)}]({target})"


def _may_lead(address: str) -> bool:
    return address.lower().startswith(SCHEMES) and not re.search(r"\s", address)


def _escaped(label: str) -> str:
    return re.sub(r"[\[\]\\]", lambda found: "\\" + found[0], label)


def _piece(found: re.Match[str]) -> str:
    if found["code"]:
        return plain(IN_CODE.sub(lambda each: _bare(each["token"]), found["code"]))
    if found["bold"]:
        return f"**{markdown(found['bold'])}**"
    if found["struck"]:
        return f"~~{markdown(found['struck'])}~~"
    return _token(found["token"])


def _token(token: str) -> str:
    """Returns what stands between < and >: a link, a mention, a date, or text that is neither."""
    target, _, label = (plain(part) for part in token.partition("|"))
    match target[0]:
        case "@" | "#":
            return f"{target[0]}{label.removeprefix(target[0]) or target[1:]}"
        case "!":
            # Such as !here, !subteam^ID|@group and !date^SECONDS^FORMAT|TEXT.
            return label or f"@{target[1:].partition('^')[0]}"
    return link(target, label) if _may_lead(target) else f"<{plain(token)}>"


def _bare(token: str) -> str:
    target, _, label = token.partition("|")
    return label or target
