"""What all nodes of a chat must have in common, compared at the start: secrets, settings and clocks.

The database keeps no secret and no setting, but fingerprints (HMAC-SHA-256): in the table `cluster`, under the name of
the file of secrets, and under `settings`.
"""

import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import partial
from typing import Any, Final

from twisted.logger import Logger

from mixsvc.common.records import record
from mixsvc.config.secret_files import api_token, secret_key
from mixsvc.config.settings import Settings
from mixsvc.errors import BadSetting
from mixsvc.storage.engine import Cursor
from mixsvc.storage.postgres.running import living_nodes, named_nodes

__all__ = ["agree", "compare_settings", "expect_agreement", "own_part"]

_log = Logger()

# By how many seconds a clock may be wrong before the log says so.
CLOCK_SECONDS: Final = 2.0

# How old a fingerprint is, in seconds, if its node can be expected to beat.
SETTLED: Final = 60.0

# What may differ: addresses, files, and what each node does for itself.
OWN: Final[Mapping[str, frozenset[str]]] = {
    "chat": frozenset({"listen", "url", "token_file", "hooks_file"}),
    "rates": frozenset({"chart_processes", "chart_timeout"}),
    "webhooks": frozenset({"secrets_file"}),
    "nodes": frozenset({"listen_url", "name"}),
}

FOUND: Final = "SELECT value FROM cluster WHERE key = %s"
FIRST: Final = "INSERT INTO cluster (key, value) VALUES (%s, %s) ON CONFLICT (key) DO NOTHING"
WRITE: Final = """
    INSERT INTO cluster (key, value) VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value
"""
NOW: Final = "SELECT extract(epoch FROM clock_timestamp())::double precision"


@record
class SecretPrint:
    """The fingerprint of a file of secrets. setting: the one that names the file, and its value."""

    name: str
    setting: str
    fingerprint: str


@record
class OwnPart:
    """What a node brings: the fingerprints of its files of secrets and of its settings. dead_after: see [nodes].

    is_keyless: whether its sessions have a key that no other node can know.
    """

    secrets: Sequence[SecretPrint]
    settings: Mapping[str, str]
    dead_after: float
    is_keyless: bool


def own_part(settings: Settings) -> OwnPart:
    """What this node brings. Blocks; the files of secrets are there. Raises BadSetting if one cannot be read."""
    key, token = settings.web.secret_key_file, settings.chat.token_file
    named: Sequence[tuple[str, str, str, Callable[[str], bytes]]] = (
        ("secret_key", "[web] secret_key_file", key, secret_key),
        ("api_token", "[chat] token_file", token, api_token),
    )
    # Without our pages nobody needs them, and none is made.
    found = [(name, f"{setting} = {path}", read(path)) for name, setting, path, read in named if os.path.lexists(path)]
    secrets = [SecretPrint(name, setting, _fingerprint(content, name)) for name, setting, content in found]
    # Keyed, so that nobody can guess the hashes of passwords.
    print_of = partial(_fingerprint, found[0][2]) if found else None
    prints = _settings(settings, print_of) if print_of else {}
    is_keyless = not key and settings.web.pages_prefix() is not None
    return OwnPart(secrets, prints, settings.nodes.dead_after, is_keyless)


def agree(cursor: Cursor, own: OwnPart) -> None:
    """Compare what a node brings with what others have left; called at its start, before it begins to beat. Blocks.

    Raises BadSetting as `expect_agreement` does; else its secrets are those of the chat from now on. The log warns of
    other settings and of a clock that is wrong.
    """
    for each in own.secrets:
        mine = json.dumps({"fingerprint": each.fingerprint, "since": _now(cursor)})
        cursor.execute(FIRST, (each.name, mine))
        if not _is_same(cursor, each, own.dead_after):
            cursor.execute(WRITE, (each.name, mine))
            _log.info("nodes: {setting} is new; other nodes need a copy of it", setting=each.setting)
    if own.is_keyless:
        _log.warn("nodes: [web] secret_key_file names no file, so a login holds on this node only")
    compare_settings(cursor, own.settings)
    _compare_clocks(cursor)


def expect_agreement(cursor: Cursor, own: OwnPart) -> None:
    """Raise BadSetting if a node has other secrets than those that live, which it watches for a while then. Blocks.

    Changes nothing. Called before the process becomes a daemon, while its user can still read the message.
    """
    for each in own.secrets:
        _is_same(cursor, each, own.dead_after)


def _is_same(cursor: Cursor, secret: SecretPrint, dead_after: float) -> bool:
    """Whether a secret is that of the database, or the first one. Raises BadSetting if it is not, and nodes live."""
    row = cursor.execute(FOUND, (secret.name,)).fetchone()
    found = json.loads(row[0]) if row is not None else None
    if found is None or hmac.compare_digest(str(found["fingerprint"]), secret.fingerprint):
        return True
    # Who has left it a moment ago may be about to begin.
    is_watched = named_nodes(cursor) or abs(_now(cursor) - float(found["since"])) < SETTLED
    alive = living_nodes(cursor, dead_after) if is_watched else ()
    if alive:
        raise BadSetting(
            f"{secret.setting} is not the same as on the other nodes ({', '.join(alive)}); copy theirs, or stop all "
            "nodes to change it"
        )
    return False


def _now(cursor: Cursor) -> float:
    (seconds,) = cursor.execute(NOW).fetchone()
    return float(seconds)


def compare_settings(cursor: Cursor, mine: Mapping[str, str]) -> None:
    """Compare the settings of a node with those of the node that had new ones last, and leave them for the next one.

    mine: their fingerprints. The log warns of those that differ. Blocks.
    """
    row = cursor.execute(FOUND, ("settings",)).fetchone()
    others: Mapping[str, str] = json.loads(row[0]) if row is not None else {}
    different = [name for name, value in mine.items() if others.get(name, value) != value]
    if different:
        _log.warn(
            "nodes: {names} is set otherwise than on the node that read its settings before this one; give all nodes "
            "the same settings",
            names=", ".join(different),
        )
    if mine:
        cursor.execute(WRITE, ("settings", json.dumps(dict(mine))))


def _compare_clocks(cursor: Cursor) -> None:
    asked_at = time.time()
    engine = _now(cursor)
    ahead = (asked_at + time.time()) / 2 - engine
    if abs(ahead) > CLOCK_SECONDS:
        _log.warn(
            "nodes: the clock of this machine is {seconds:.0f} s {where} that of the PostgreSQL server, by which "
            "messages are dated; keep both right (NTP)",
            seconds=abs(ahead),
            where="ahead of" if ahead > 0 else "behind",
        )


def _settings(settings: Settings, print_of: Callable[[str], str]) -> Mapping[str, str]:
    found = {}
    for section, own in OWN.items():
        values: Any = getattr(settings, section)
        for field in fields(values):
            if field.name not in own:
                found[f"[{section}] {field.name}"] = print_of(repr(getattr(values, field.name)))[:16]
    return found


def _fingerprint(secret: bytes, text: str) -> str:
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
