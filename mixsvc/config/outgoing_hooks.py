"""The outgoing webhooks that the settings name, and the file of their secrets."""

import base64
import binascii
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from mixsvc.common.records import record
from mixsvc.common.text import did_you_mean, similar
from mixsvc.config import parsers
from mixsvc.config.line_file import read_text, replace_text
from mixsvc.errors import BadSetting

__all__ = ["EVENTS", "HOOK", "OutgoingHook", "add_secret", "outgoing_hooks", "read_secrets"]

SETTING: Final = "[webhooks] secrets_file"

# What a hook may be told of. HOOK: messages that an incoming webhook has written, which only who names it gets: two
# services that answer each other would not stop.
HOOK: Final = "hook"
EVENTS: Final = ("message", "edit", "delete", HOOK)
USUAL: Final = tuple(sorted({*EVENTS} - {HOOK}))

EXAMPLE: Final = "https://crm.example.org/chat"

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")

# How many there may be: each has a connection, and reads the messages.
MOST_HOOKS: Final = 50

# Standard Webhooks, "Symmetric signatures": a secret has 24 to 64 random bytes, and this before their base64.
PREFIX: Final = "whsec_"
FEWEST_BYTES: Final = 24
MOST_BYTES: Final = 64
NEW_BYTES: Final = 32


@record
class OutgoingHook:
    """name: in logs and metrics. url: where events are posted. rooms: of which; none for all that are not private.

    events: those of EVENTS that are sent, sorted: nodes compare the text of their settings.
    """

    name: str
    url: str
    rooms: tuple[str, ...] = ()
    events: tuple[str, ...] = USUAL


def outgoing_hooks(text: str) -> tuple[OutgoingHook, ...]:
    """Parses outgoing webhooks, a line for each: NAME URL, and rooms=… and events=… if not all are meant."""
    found = [_hook(line.split()) for line in parsers.lines(text)]
    names = [each.name for each in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice} is given twice; name each once")
    if len(found) > MOST_HOOKS:
        raise ValueError(f"give at most {MOST_HOOKS} webhooks")
    return tuple(found)


def _hook(words: Sequence[str]) -> OutgoingHook:
    if len(words) < 2 or not NAME.fullmatch(words[0]):
        raise ValueError(f"give a name of letters and digits, and a URL on each line, such as crm {EXAMPLE}")
    given: dict[str, tuple[str, ...]] = {}
    for word in words[2:]:
        key, equals, value = word.partition("=")
        if not equals or key not in OPTIONS:
            near = did_you_mean(similar(key, OPTIONS, 1)) or f"; there are: {', '.join(OPTIONS)}"
            raise ValueError(f"{word} is no option of a webhook{near}")
        given[key] = OPTIONS[key](value)
    events = tuple(sorted({*given["events"]})) if "events" in given else USUAL
    return OutgoingHook(words[0], parsers.url(words[1], EXAMPLE), given.get("rooms", ()), events)


OPTIONS: Final[Mapping[str, Callable[[str], tuple[str, ...]]]] = {
    "rooms": parsers.room_names,
    "events": parsers.names_of(*EVENTS),
}


def read_secrets(hooks: Sequence[OutgoingHook], path: str) -> Mapping[str, Sequence[bytes]]:
    """Returns the secrets of each hook, in the order of the file. Blocks. Raises BadSetting.

    A hook with several is signed with each, so that a receiver can change from one to another.
    """
    if not hooks:
        return {}
    if not path:
        raise BadSetting(f"{SETTING} is empty, and the database is in memory; give the path of a file")
    found: dict[str, list[bytes]] = {each.name: [] for each in hooks}
    for number, line in enumerate(read_text(path, SETTING).splitlines(), 1):
        name, _, secret = line.strip().partition(" ")
        if not name or name.startswith("#"):
            continue
        try:
            found.setdefault(name, []).append(_bytes(secret.strip()))
        except ValueError as error:
            raise BadSetting(
                f"{path}, line {number}: {SETTING} needs NAME and a secret on each line: {error}"
            ) from None
    for name, kept in found.items():
        if not kept:
            advice = f"run `mixsvc webhook secret {name}` with these settings, and give the receiver what it prints"
            raise BadSetting(f"{SETTING} = {path} has no secret for {name} of [webhooks] outgoing; {advice}")
    return found


def add_secret(path: str, name: str) -> str:
    """Add a new secret for a hook to the file, behind those that it has, and return it. Blocks. Raises BadSetting."""
    secret = PREFIX + base64.b64encode(secrets.token_bytes(NEW_BYTES)).decode()
    before = read_text(path, SETTING)
    replace_text(path, before + ("" if before.endswith("\n") or not before else "\n") + f"{name} {secret}\n", SETTING)
    return secret


def _bytes(secret: str) -> bytes:
    try:
        found = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if not FEWEST_BYTES <= len(found) <= MOST_BYTES or not secret.startswith(PREFIX):
        raise ValueError(f"a secret is {PREFIX} and the base64 of {FEWEST_BYTES} to {MOST_BYTES} bytes")
    return found
