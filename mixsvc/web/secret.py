"""The secret key file: made once, then the same for every process and every start."""

import os
import secrets
import stat
import tempfile
from typing import NoReturn

from mixsvc.errors import BadSetting

__all__ = ["secret_key"]

LEAST_BYTES = 16
# Nobody's key is longer; a wrong path to something huge is not read into memory.
MOST_BYTES = 4096


def secret_key(path: str) -> bytes:
    """The key in a file, made at random with mode 0600 where there is none; blocks.

    Processes that start at the same time end with the same key. Raises BadSetting for a file that
    cannot be read or made, or that holds less than 16 bytes.
    """
    if not os.path.lexists(path):
        _make(path)
    return _read(path)


def _make(path: str) -> None:
    """Put a complete file in place, or leave the one that another process has put there meanwhile."""
    try:
        handle, draft = tempfile.mkstemp(prefix=".secret_key-", dir=os.path.dirname(path) or ".")
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
        _refuse(path, f"it cannot be made ({error.strerror}); give a path in a directory that this user may write to")


def _read(path: str) -> bytes:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            _refuse(path, "it is not a plain file; give the path of a file")
        with open(path, "rb") as file:
            key = file.read(MOST_BYTES).strip()
    except OSError as error:
        _refuse(path, f"it cannot be read ({error.strerror}); mend its permissions, or give another path")
    if len(key) < LEAST_BYTES:
        why = f"it holds {len(key)} bytes, and a key needs at least {LEAST_BYTES}"
        _refuse(path, f"{why}; delete it, and a new one is made, or give another path")
    return key


def _refuse(path: str, why: str) -> NoReturn:
    raise BadSetting(f"the secret key file {path} cannot be used: {why} in [web] secret_key_file")
