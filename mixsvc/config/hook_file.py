"""The file of the incoming webhooks: for each the hash of its secret, its room and its name, on a line of its own.

`mixsvc webhook` writes it, and a running service reads it again when it has changed.
"""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Sequence
from threading import Lock
from typing import Final, TypeAlias

from twisted.logger import Logger

from mixsvc.common import names
from mixsvc.common.records import record
from mixsvc.config.line_file import read_text, replace_text
from mixsvc.errors import BadSetting

__all__ = ["HookFile", "IncomingHook", "add_hook", "check_hook_file", "read_hooks", "remove_hook"]

SETTING: Final = "[chat] hooks_file"

# Limits the time of a look-up.
MOST_HOOKS: Final = 1000

# Of a new secret: enough that it need not be hashed slowly.
SECRET_BYTES: Final = 32

LINE: Final = re.compile(r"([0-9a-f]{64})[ \t]+(\S+)[ \t]+(\S.*)")

HEAD: Final = (
    "# The incoming webhooks: the SHA-256 of its secret, the room and the name of each. `mixsvc webhook` writes this\n"
    "# file, and a running service reads it again. To revoke one, delete its line.\n"
)

# What tells a file from its later contents; None for no file.
Mark: TypeAlias = tuple[int, int, int] | None


@record
class IncomingHook:
    """name: what it is called here. room: where it may write. digest: the SHA-256 of its secret, in hexadecimal."""

    name: str
    room: str
    digest: str

    def line(self) -> str:
        """Returns its line in the file."""
        return f"{self.digest} {self.room} {self.name}\n"


class HookFile:
    """The incoming webhooks as they are now. Used in any thread; blocks for the disk."""

    _log: Final = Logger("mixsvc.web")

    def __init__(self, path: str) -> None:
        """path: "" for none."""
        self._path = path
        self._lock = Lock()
        self._mark: Mark = None
        self._hooks: Sequence[IncomingHook] = ()
        self._told = ""

    def find(self, secret: str) -> IncomingHook | None:
        """Returns the webhook that has this secret. Takes as long for every secret."""
        digest, found = _digest(secret), None
        for each in self._now():
            if hmac.compare_digest(each.digest, digest):
                found = each
        return found

    def _now(self) -> Sequence[IncomingHook]:
        if not self._path:
            return ()
        with self._lock:
            mark = _mark(self._path)
            if mark != self._mark:
                # After a failure there is none: what mends it, such as other permissions, may leave the mark as it is.
                self._mark = None
                self._hooks = ()
                if self._read_anew():
                    self._mark = mark
            return self._hooks

    def _read_anew(self) -> bool:
        """Take what the file has now, and return whether it can be used.

        Nothing is taken if not, as a line that is to be deleted may be in it.
        """
        try:
            self._hooks, self._told = read_hooks(self._path), ""
        except BadSetting as error:
            # Once: anybody may ask.
            if self._told != str(error):
                self._told = str(error)
                self._log.error("web: no incoming webhook is served: {error}", error=self._told)
            return False
        return True


def read_hooks(path: str) -> Sequence[IncomingHook]:
    """Returns the webhooks of a file, none if there is no file. Blocks. Raises BadSetting for one with a mistake."""
    found: list[IncomingHook] = []
    for number, line in enumerate(read_text(path, SETTING).splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        hook = _hook(line.strip())
        if hook is None:
            raise BadSetting(f"{path}, line {number}: {SETTING} needs a SHA-256, a room and a name; delete the line")
        found.append(hook)
    for part in ("name", "digest"):
        values = [getattr(each, part) for each in found]
        if len(set(values)) < len(values):
            raise BadSetting(f"{path}: two webhooks of {SETTING} have one {part}; delete one of the lines")
    return found


def check_hook_file(path: str) -> None:
    """Raises BadSetting if the file has a mistake, or cannot be read. path: "" for none."""
    if path:
        read_hooks(path)


def add_hook(path: str, name: str, room: str) -> str:
    """Add a webhook to a file, which is made if there is none, and return its secret. Blocks. Raises BadSetting."""
    try:
        name = names.hook_name(name).removesuffix(names.HOOK_MARK)
    except names.BadName as bad:
        raise BadSetting(str(bad)) from None
    if not names.is_room_name(room):
        raise BadSetting(names.ROOM_NAMES)
    hooks = read_hooks(path)
    if any(names.key(each.name) == names.key(name) for each in hooks):
        raise BadSetting(f"there is a webhook {name} in {path} already; give another name, or remove that one first")
    if len(hooks) >= MOST_HOOKS:
        raise BadSetting(f"there are {MOST_HOOKS} webhooks in {path}; remove some first")
    secret = secrets.token_urlsafe(SECRET_BYTES)
    hook = IncomingHook(name, room, _digest(secret))
    text = read_text(path, SETTING) or HEAD
    replace_text(path, text + ("" if text.endswith("\n") else "\n") + hook.line(), SETTING)
    return secret


def remove_hook(path: str, name: str) -> None:
    """Remove the webhook of this name from a file: its secret is worth nothing then. Blocks. Raises BadSetting."""
    gone = next((each for each in read_hooks(path) if names.key(each.name) == names.key(name)), None)
    if gone is None:
        raise BadSetting(f"there is no webhook {name} in {path}; `mixsvc webhook list` names them")
    kept = [line for line in read_text(path, SETTING).splitlines(keepends=True) if _hook(line.strip()) != gone]
    replace_text(path, "".join(kept), SETTING)


def _hook(line: str) -> IncomingHook | None:
    found = LINE.fullmatch(line)
    if found is None or not names.is_room_name(found[2]):
        return None
    return IncomingHook(found[3], found[2], found[1])


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _mark(path: str) -> Mark:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
