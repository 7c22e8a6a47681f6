"""Links and marks in the chat's light Markdown, written so that the page shows them whatever stands around them. Pure.

Slack says exactly where an address ends and what is bold. The page finds both by itself in the text
(static/text/links.js, static/text/markdown.js): a link is written out where it would find another one, and marks that
it would not take are left out.
"""

import re
from collections.abc import Sequence
from itertools import count
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from mixsvc.common.records import record

__all__ = ["BOLD", "ITALICS", "Link", "Marked", "Part", "block_of_code", "code", "is_address", "joined", "link"]

BOLD: Final = "**"
ITALICS: Final = "_"

# Where a link may lead; a label that looks like another address stands beside the real one. The pattern begins with one
# character of a word, as one that begins with a whole word looks for its end from each of its characters.
SCHEMES: Final = ("http://", "https://", "mailto:")
LIKE_ADDRESS: Final = re.compile(r"\w://|www\.|[\w-]\.[\w-]+/", re.IGNORECASE)

# What is behind the scheme of an address that the page takes whole, if its brackets are balanced and this stands around
# it.
WHOLE: Final = re.compile(r"//[\w.~:/?#@!$&()*+,;=%\[\]-]{0,1998}(?:[^\W_]|[/)])")
BEFORE_WHOLE: Final = re.compile(r"|[\s(\"|]")
BEHIND_WHOLE: Final = re.compile(r"[\s\"|]|[.,;:!?)]*(?:\s|$)")

# What may stand before marks, first and last between them, and behind them. In scripts without spaces between words, of
# which these are the usual letters, marks count inside of a word, and beside emoji, of which these are the usual ones.
UNSPACED: Final = "\u0e01-\u0e30\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3"
EMOJI: Final = (
    "\u26a0\u26a1\u26d4\u2705\u2728\u274c\u2757\u2764\u2b50\U0001f1e6-\U0001f1ff\U0001f300-\U0001f320\U0001f330-\U0001f393"
    "\U0001f3a0-\U0001f3f0\U0001f3f8-\U0001f4fd\U0001f4ff-\U0001f53d\U0001f5fb-\U0001f64f\U0001f680-\U0001f6c5\U0001f6d1"
    "\U0001f7e0-\U0001f7eb\U0001f90c-\U0001f93a\U0001f947-\U0001f9ff"
)
BEFORE_MARK: Final = re.compile(rf"|[\s{UNSPACED}{EMOJI}\ufe0f\u20e3*_~(\[{{\"'“„‘«‹¿¡（「『：，、。！？；—–-]")
FIRST: Final = re.compile(r"[^\s/.,;:=<>|&\\)\]}]")
LAST: Final = re.compile(r"[^\s/=<>|&\\(\[{]")
BEHIND_MARK: Final = re.compile(rf"$|[\s{UNSPACED}{EMOJI}*_~,;:!?…)\]}}\"'”’»›）」』。，、！？；：—–]|\.(?![^\W_]|\*)")

# A label in which code hides no bracket, and an address in which nothing stands for another character.
LABEL_WITH_CODE: Final = re.compile(r"(?:[^`\[\]]|`[^`\[\]]+`)*")
ENTITY: Final = re.compile(r"(&#?\w{1,32});")
ENCODED: Final = {"(": "%28", ")": "%29", "\\": "%5C"}


@record
class Link:
    """address: a link may lead there. label: "" for the address itself."""

    address: str
    label: str = ""

    def written(self, line: str, at: int) -> str:
        """Returns its text in place of a character of a line."""
        shown = self.address.removeprefix("mailto:")
        is_text = not self.label and (shown != self.address or self._is_whole(line, at))
        # Behind a backslash the page takes no link.
        if is_text or line[max(0, at - 1) : at] == "\\" or not _may_be_label(self.label or self.address):
            return f"{self.label} ({shown})" if self.label else shown
        target = "".join(ENCODED.get(each, each) for each in ENTITY.sub(r"\1%3B", self.address))
        return f"[{self.label or self.address}]({target})"

    def _is_whole(self, line: str, at: int) -> bool:
        around = BEFORE_WHOLE.fullmatch(line[max(0, at - 1) : at]) and BEHIND_WHOLE.match(line, at + 1)
        return bool(around and WHOLE.fullmatch(self.address.partition(":")[2])) and _is_balanced(self.address)


@record
class Marked:
    """Parts between two marks: BOLD or ITALICS."""

    mark: str
    parts: Sequence["Part"]

    def written(self, line: str, at: int) -> str:
        """Returns its text in place of a character of a line, without the marks if the page would not take them."""
        inner = joined(self.parts, self.mark[0], self.mark[0])
        before, behind = line[max(0, at - 1) : at], line[at + 1 : at + 2]
        counts = (
            BEFORE_MARK.fullmatch(before)
            and FIRST.match(inner)
            and LAST.match(inner[-1:])
            and BEHIND_MARK.match(line, at + 1)
            and (self.mark == BOLD or "\n" not in inner)
            and self.mark[0] not in (inner[0], inner[-1])
        )
        return f"{self.mark}{inner}{self.mark}" if counts else joined(self.parts, before, behind)


Part: TypeAlias = str | Link | Marked


def joined(parts: Sequence[Part], before: str = "", behind: str = "") -> str:
    """Returns the text of parts. before, behind: what will stand around it."""
    # The page takes no marks beside a link or other letters, so a letter stands for each part that is no text.
    line = before + "".join(each if isinstance(each, str) else "x" for each in parts) + behind
    texts, at = [], len(before)
    for each in parts:
        texts.append(each if isinstance(each, str) else each.written(line, at))
        at += len(each) if isinstance(each, str) else 1
    return "".join(texts)


def link(address: str, label: str) -> Part:
    """Returns a link, or text where none may lead; both are texts as people read them."""
    label = " ".join(label.split())
    shown = address.removeprefix("mailto:")
    if not _may_lead(address):
        return f"{label} ({address})" if label else address
    if label in ("", address, shown):
        return Link(address)
    return f"{label} ({shown})" if LIKE_ADDRESS.search(label) else Link(address, label)


def is_address(text: str) -> bool:
    """Whether this is meant as an address, to which a link may lead or not."""
    return text.lower().startswith(SCHEMES) and not re.search(r"[\s\0-\x1f\x7f]", text)


def code(text: str) -> str:
    """Returns a text as code."""
    inside = _backticks(text)
    # The page finds a single backtick in its line only.
    mark = next(each for each in map("`".__mul__, count(2 if "\n" in text else 1)) if each not in inside)
    return f"{mark} {text} {mark}" if inside or "\n" in text else f"`{text}`"


def block_of_code(text: str) -> str:
    """Returns lines of code as a block, whose fence is longer than all that looks like one inside."""
    fence = "`" * max(3, 1 + max(map(len, _backticks(text)), default=0))
    return f"{fence}\n{text}\n{fence}"


def _backticks(text: str) -> Sequence[str]:
    """The runs of backticks in a text."""
    return re.findall("`+", text)


def _may_lead(address: str) -> bool:
    """Whether the page makes a link of an address: of none with a user's name before the host."""
    if not is_address(address) or address.lower().startswith("mailto:"):
        return is_address(address)
    try:
        parts = urlsplit(address)
        # The port is asked for as it raises ValueError where it is none.
        return all((parts.hostname, not parts.username, not parts.password, parts.port is None or parts.port >= 0))
    except ValueError:
        return False


def _may_be_label(label: str) -> bool:
    """Whether the page finds the end of a link's label where it is."""
    if "`" in label:
        return LABEL_WITH_CODE.fullmatch(label) is not None
    return "](" not in label and _is_balanced(re.sub(r"[()]", "", label))


def _is_balanced(text: str) -> bool:
    """Whether each bracket that closes has been opened, and each that opens is closed."""
    opened: list[str] = []
    for each in text:
        if each in "([":
            opened.append(")" if each == "(" else "]")
        elif each in ")]" and (not opened or opened.pop() != each):
            return False
    return not opened
