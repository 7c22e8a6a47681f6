"""Secret files: each made once, then the same for every process and every start."""

import os
import re
import secrets
import stat
import tempfile
from dataclasses import dataclass
from typing import Final, NoReturn

from mixsvc.errors import BadSetting

__all__ = ["api_token", "secret_key"]

LEAST_BYTES = 16
# Nobody's secret is longer; a wrong path to something huge is not read into memory.
MOST_BYTES = 4096


@dataclass(frozen=True)
class Kind:
    """What a file is for: its name for people, what it holds, and the setting that says where it is."""

    file: str
    content: str
    setting: str


SECRET_KEY: Final = Kind("secret key file", "a key", "[web] secret_key_file")
API_TOKEN: Final = Kind("token file", "a token", "[chat] token_file")


def secret_key(path: str) -> bytes:
    """The key in a file, made at random with mode 0600 where there is none; blocks.

    Processes that start at the same time end with the same key. Raises BadSetting for a file that
    cannot be read or made, or that holds less than 16 bytes.
    """
    return _secret(path, SECRET_KEY)


def api_token(path: str) -> bytes:
    """The token that programs show, in a file of its own; like secret_key, and one that fits into a header."""
    token = _secret(path, API_TOKEN)
    if not re.fullmatch(rb"[\x21-\x7e]+", token):
        why = "it holds more than one word of ASCII letters, digits and signs; delete it, and a new one is made"
        _refuse(path, API_TOKEN, f"{why}, or give another path")
    return token


def _secret(path: str, kind: Kind) -> bytes:
    if not os.path.lexists(path):
        _make(path, kind)
    return _read(path, kind)


def _make(path: str, kind: Kind) -> None:
    """Put a complete file in place, or leave the one that another process has put there meanwhile."""
    try:
        handle, draft = tempfile.mkstemp(prefix=f".{os.path.basename(path)}-", dir=os.path.dirname(path) or ".")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_hex(32).encode() + b"\n")
                file.flush()
                # Else a power cut could leave an empty file under the final name.
                os.fsync(file.fileno())
            # A link never replaces a file, unlike a rename, and never shows half of one, unlike O_EXCL.
            os.link(draft, path)
        finally:
            os.unlink(draft)
    except FileExistsError:
        pass
    except OSError as error:
        why = f"it cannot be made ({error.strerror}); give a path in a directory that this user may write to"
        _refuse(path, kind, why)


def _read(path: str, kind: Kind) -> bytes:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            _refuse(path, kind, "it is not a plain file; give the path of a file")
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES).strip()
    except OSError as error:
        _refuse(path, kind, f"it cannot be read ({error.strerror}); mend its permissions, or give another path")
    if len(content) < LEAST_BYTES:
        why = f"it holds {len(content)} bytes, and {kind.content} needs at least {LEAST_BYTES}"
        _refuse(path, kind, f"{why}; delete it, and a new one is made, or give another path")
    return content


def _refuse(path: str, kind: Kind, why: str) -> NoReturn:
    raise BadSetting(f"the {kind.file} {path} cannot be used: {why} in {kind.setting}")
