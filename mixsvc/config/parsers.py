"""Parsers of settings: each makes a value of a text, or raises ValueError with a text that says what to write."""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from mixsvc.common import names
from mixsvc.common.addresses import is_address, parse_address
from mixsvc.common.currencies import CODE, EURO
from mixsvc.common.http_grammar import ORIGIN
from mixsvc.common.numbers import plain_number, whole_number
from mixsvc.common.records import record
from mixsvc.common.text import did_you_mean, similar

__all__ = [
    "Moderator",
    "address",
    "dotted_name",
    "field_path",
    "field_path_or_none",
    "headers",
    "lines",
    "moderators",
    "names_of",
    "number",
    "one_line",
    "one_of_or_none",
    "origins",
    "pairs",
    "path",
    "prefix",
    "prefix_or_none",
    "room_names",
    "room_patterns",
    "seconds",
    "url",
    "url_or_none",
    "url_template",
    "variable_name",
    "whole",
    "yes_or_no",
    "words",
]

EXAMPLE_URL: Final = "https://example.org/"

ON_ONE_LINE: Final = "on the line of the setting; do not indent the line after it, which makes it a part of the value"

# A name in a URL: as in the DNS, and with underscores, as services of Docker Compose have. International names are in
# their xn-- form.
URL_LABEL: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
URL_HOST: Final = re.compile(rf"(?=.{{1,253}}\Z)(?:{URL_LABEL}\.)*{URL_LABEL}\.?")


@record
class Moderator:
    """A person who may moderate.

    password_hash: as `mixsvc hash-password` prints it; "" if this moderator cannot log in here.
    """

    name: str
    password_hash: str


def whole(least: int, most: int) -> Callable[[str], int]:
    """Returns a parser of whole numbers from least to most, both included."""
    return lambda text: whole_number(text, least, most)


def seconds(least: float, most: float) -> Callable[[str], float]:
    """Returns a parser of times in seconds from least to most, both included."""
    return _decimal(least, most, "a number of seconds")


def number(least: float, most: float) -> Callable[[str], float]:
    """Returns a parser of plain decimal numbers from least to most, both included."""
    return _decimal(least, most, "a number")


def _decimal(least: float, most: float, kind: str) -> Callable[[str], float]:
    def parse(text: str) -> float:
        # float() also accepts nan, inf and exponents; the pattern does not.
        if not re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,20})?", text) or not least <= float(text) <= most:
            raise ValueError(f"give {kind} from {plain_number(least)} to {plain_number(most)}")
        return float(text)

    return parse


def yes_or_no(text: str) -> bool:
    """Parses yes or no in the spellings of INI files."""
    meaning = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}
    try:
        return meaning[text.lower()]
    except KeyError:
        raise ValueError("give yes or no") from None


def moderators(text: str) -> tuple[Moderator, ...]:
    """Parses moderators, one per line: a name, and after a colon the hash of a password."""
    found = []
    for line in lines(text):
        name, _, password_hash = (part.strip() for part in line.partition(":"))
        if not name or (password_hash and not password_hash.startswith("scrypt:")):
            raise ValueError(
                "give one moderator per line, such as ann:scrypt:… (mixsvc hash-password prints the part "
                "after the name), or the name alone if your own authenticator says who is a moderator"
            )
        # Raises BadName, a ValueError, if nobody can have this name in the chat.
        names.person_name(name)
        found.append(Moderator(name, password_hash))
    _unique([names.key(each.name) for each in found])
    return tuple(found)


def path(text: str) -> str:
    """Parses the path of a file; a relative one starts at the directory that the service runs in."""
    if "\0" in text:
        raise ValueError("give a path without NUL characters")
    if "\n" in text:
        raise ValueError(f"give a path {ON_ONE_LINE}")
    return text


def one_line(text: str) -> str:
    """Parses any text without line ends; may be empty."""
    if "\n" in text:
        raise ValueError(f"give it {ON_ONE_LINE}")
    return text


def dotted_name(text: str, example: str = "yourpackage.wsgi:app") -> str:
    """Parses the name of an object in a module: package.module.name or package.module:name; may be empty."""
    if text and not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*([.:][^\W\d]\w*)", text):
        raise ValueError(f"give a module and a name in it, such as {example}")
    return text


def lines(text: str) -> tuple[str, ...]:
    """Parses entries that stand on a line each; for endpoints, which contain commas and colons."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def words(text: str) -> list[str]:
    """Parses words that commas or white space separate."""
    return [item for item in re.split(r"[\s,]+", text) if item]


def _unique(items: list[str]) -> tuple[str, ...]:
    for item in items:
        if items.count(item) > 1:
            raise ValueError(f"{item} is given twice; name each once")
    return tuple(items)


def address(text: str) -> str:
    """Parses an IPv4 or IPv6 address of this machine."""
    try:
        return str(parse_address(text))
    except ValueError:
        raise ValueError(
            "give an IP address of this machine, such as 127.0.0.1, 0.0.0.0 (every IPv4) or :: (every)"
        ) from None


def prefix(text: str, example: str = "/chat") -> str:
    """Parses a path under which something is served."""
    if not re.fullmatch(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+", text):
        raise ValueError(
            f"give a path such as {example}: it starts with /, does not end with it, and holds letters, digits and "
            "- _ . ~"
        )
    if text.split("/")[1] in ("api", "static"):
        raise ValueError(f"give another path, such as {example}: the pages use /api and /static")
    return text


def prefix_or_none(text: str, example: str) -> str:
    """Parses a path under which something is served; may be empty."""
    return prefix(text, example) if text else ""


def origins(text: str) -> tuple[str, ...]:
    """Parses web origins (RFC 6454), separated by commas; * stands for all."""
    found = words(text)
    for item in found:
        if item != "*" and not ORIGIN.fullmatch(item):
            raise ValueError(f"{item} is not an origin; give origins such as https://example.org, or * for all")
    return _unique([item.lower() for item in found])


def room_names(text: str) -> tuple[str, ...]:
    """Parses names of rooms, separated by commas or line ends; no two may differ in case or width only."""
    found = [item.strip() for item in re.split(r"[,\n]", text) if item.strip()]
    known: dict[str, str] = {}
    for item in found:
        if not names.is_room_name(item):
            near = names.similar_room_name(item)
            raise ValueError(f"{item!r}: {names.ROOM_NAMES[:-1]}{did_you_mean([near] if near else [])}")
        same = known.setdefault(names.fold(item), item)
        if same != item:
            raise ValueError(f"{item!r}: {names.room_exists(same)[:-1]}; name it once")
    if not found:
        raise ValueError("name at least one room, such as lobby")
    return _unique(found)


def room_patterns(text: str) -> tuple[str, ...]:
    """Parses names of rooms in which * stands for any characters, separated by commas or line ends; may be empty."""
    found = [item.strip() for item in re.split(r"[,\n]", text) if item.strip()]
    for item in found:
        if not names.is_room_name(item.replace("*", "x")):
            raise ValueError(f"{item!r}: give names of rooms, such as staff, or patterns, such as team-*")
    if len({names.fold(item) for item in found}) < len(found):
        raise ValueError("two of the names differ in case or width only; name each room once")
    return tuple(found)


def names_of(*known: str) -> Callable[[str], tuple[str, ...]]:
    """Returns a parser of one or more of the known names; their order is kept."""

    def parse(text: str) -> tuple[str, ...]:
        found = words(text)
        for item in found:
            if item not in known:
                advice = did_you_mean(similar(item.lower(), known, 1)) or f"; give one or more of: {', '.join(known)}"
                raise ValueError(f"{item!r} is not one of them{advice}")
        if not found:
            raise ValueError(f"name at least one of: {', '.join(known)}")
        return _unique(found)

    return parse


def url(text: str, example: str = EXAMPLE_URL) -> str:
    """Parses an http or https URL."""
    message = f"give a URL such as {example}"
    try:
        parts = urlsplit(text)
        # .port raises ValueError for what is not a port.
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ValueError(message) from None
    if not good or not text.isascii() or re.search(r"[\s\x00-\x1f]", text):
        raise ValueError(message)
    if parts.username is not None:
        raise ValueError("give a URL without a name and password before the host; they would not be sent")
    _check_host(parts.hostname or "", parts.scheme)
    return text


def _check_host(host: str, scheme: str) -> None:
    """Raises ValueError for a host that no client can ask."""
    if not URL_HOST.fullmatch(host) and not _is_address(host):
        raise ValueError("give a URL whose host is an address, or a name of letters, digits, hyphens and underscores")
    if "_" in host and scheme == "https":
        raise ValueError("give an https URL whose host has no underscore: the client cannot ask for one over https")


def _is_address(host: str) -> bool:
    """Whether a host is an IPv6 address, without a zone, for which the client has no place."""
    return is_address(host) and "%" not in host


def url_or_none(text: str, example: str = EXAMPLE_URL) -> str:
    """Parses an http or https URL; may be empty."""
    return url(text, example) if text else ""


def url_template(text: str) -> str:
    """Parses an http or https URL with the placeholders {base} and {key}; may be empty."""
    plain = text.replace("{base}", EURO).replace("{key}", "key")
    if "{" in plain or "}" in plain:
        raise ValueError("give a URL without braces other than {base} and {key}")
    url_or_none(plain, "https://example.org/rates?base={base}")
    return text


def one_of_or_none(*known: str) -> Callable[[str], str]:
    """Returns a parser of one of the known names; the text may be empty."""

    def parse(text: str) -> str:
        if text and text not in known:
            near = did_you_mean(similar(text.lower(), known, 1))
            raise ValueError(f"give one of: {', '.join(known)}; or leave it empty{near}")
        return text

    return parse


def field_path(text: str) -> str:
    """Parses the path of a field in JSON: the names of the fields that lead to it, joined by dots; one may be *."""
    if not re.fullmatch(r"[^\s.]+(\.[^\s.]+){0,9}", text) or text.count("*") > 1:
        raise ValueError("give the names of the fields that lead to it, joined by dots, such as rates or data.*.value")
    return text


def field_path_or_none(text: str) -> str:
    """Parses the path of a field in JSON; may be empty."""
    return field_path(text) if text else ""


def headers(text: str) -> tuple[tuple[str, str], ...]:
    """Parses HTTP headers, one per line."""
    found = []
    for line in lines(text):
        name, colon, value = (part.strip() for part in line.partition(":"))
        # RFC 9110, sections 5.1 and 5.5.
        if not colon or not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) or not re.fullmatch(r"[ -~]+", value):
            raise ValueError("give one header per line, such as Authorization: Bearer {key}")
        # With other values of these the limits of the download would not hold.
        if name.lower() in ("host", "connection", "content-length", "transfer-encoding", "accept-encoding"):
            raise ValueError(f"mixsvc sets the header {name} itself; give others only")
        found.append((name, value))
    _unique([name.lower() for name, _ in found])
    return tuple(found)


def variable_name(text: str) -> str:
    """Parses the name of an environment variable; may be empty."""
    if text and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
        raise ValueError("give the name of an environment variable, such as RATES_KEY, not its value")
    return text


def pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Parses currency pairs, separated by commas; their order is kept."""
    found = words(text)
    for item in found:
        if not re.fullmatch(f"{CODE}/{CODE}", item):
            raise ValueError(f"{item} is not a pair; give pairs of currency codes such as EUR/USD, EUR/GBP")
        if item[:3].upper() == item[4:].upper():
            raise ValueError(f"{item} names one currency twice; give pairs such as EUR/USD")
    if not found:
        raise ValueError("name at least one pair, such as EUR/USD")
    return tuple((item[:3], item[4:]) for item in _unique([item.upper() for item in found]))
