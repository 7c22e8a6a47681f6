"""Files with secrets: made once, at random, then the same for every process and every start."""

import os
import re
import secrets
import stat
import tempfile
from typing import Final, NoReturn

from mixsvc.common.records import record
from mixsvc.errors import BadSetting

__all__ = ["admin_token", "api_token", "check_admin_token", "check_api_token", "check_secret_key", "secret_key"]

MIN_BYTES: Final = 16

# Longer than any secret. Limits the memory that a wrong path to something huge takes.
MAX_BYTES: Final = 4096

# What to do about a file that cannot be made.
WHERE_TO_MAKE: Final = "give a path in a directory that this user can write to"


@record
class SecretKind:
    """A kind of secret file: its name in messages, what it contains, and the setting that has its path."""

    file: str
    content: str
    setting: str


SECRET_KEY: Final = SecretKind("secret key file", "a key", "[web] secret_key_file")
API_TOKEN: Final = SecretKind("token file", "a token", "[chat] token_file")
ADMIN_TOKEN: Final = SecretKind("token file", "a token", "[server] admin_token_file")


def secret_key(path: str) -> bytes:
    """Returns the key in a file; makes the file, at random and with mode 0600, if there is none. Blocks.

    Processes that start at the same time get the same key. Raises BadSetting if the file cannot be read or made, or
    contains less than 16 bytes.
    """
    return _secret(path, SECRET_KEY)


def api_token(path: str) -> bytes:
    """Returns the token that programs must send. Like secret_key; also raises BadSetting if no header can carry it."""
    return _token(path, API_TOKEN)


def admin_token(path: str) -> bytes:
    """Returns the token of the operators. Like api_token: it must be one word, as somebody copies it."""
    return _token(path, ADMIN_TOKEN)


def check_secret_key(path: str) -> None:
    """Raises BadSetting where secret_key would, but makes no file. path: "" for none."""
    _check(path, SECRET_KEY)


def check_api_token(path: str) -> None:
    """Raises BadSetting where api_token would, but makes no file. path: "" for none."""
    _check_token_file(path, API_TOKEN)


def check_admin_token(path: str) -> None:
    """Raises BadSetting where admin_token would, but makes no file. path: "" for none."""
    _check_token_file(path, ADMIN_TOKEN)


def _token(path: str, kind: SecretKind) -> bytes:
    token = _secret(path, kind)
    _check_word(path, token, kind)
    return token


def _check_token_file(path: str, kind: SecretKind) -> None:
    content = _check(path, kind)
    if content is not None:
        _check_word(path, content, kind)


def _check_word(path: str, token: bytes, kind: SecretKind) -> None:
    if not re.fullmatch(rb"[\x21-\x7e]+", token):
        why = "it must contain one word of ASCII letters, digits and signs"
        _refuse(path, kind, f"{why}; delete it to get a new one, or give another path")


def _check(path: str, kind: SecretKind) -> bytes | None:
    """Returns the content, None if there is no file yet. Raises BadSetting if it cannot be read or made."""
    if not path:
        return None
    if os.path.lexists(path):
        return _read(path, kind)
    folder = os.path.dirname(path) or "."
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
        reason = "Permission denied" if os.path.isdir(folder) else "No such file or directory"
        _refuse(path, kind, f"it cannot be made ({reason}); {WHERE_TO_MAKE}")
    return None


def _secret(path: str, kind: SecretKind) -> bytes:
    if not os.path.lexists(path):
        _make(path, kind)
    return _read(path, kind)


def _make(path: str, kind: SecretKind) -> None:
    """Puts a complete file in place, unless another process has done so in the meantime."""
    try:
        handle, draft = tempfile.mkstemp(prefix=f".{os.path.basename(path)}-", dir=os.path.dirname(path) or ".")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_hex(32).encode() + b"\n")
                file.flush()
                # Without this a power cut could leave an empty file under the final name.
                os.fsync(file.fileno())
            # Unlike a rename, a link never replaces a file; unlike O_EXCL, it never shows half of one.
            os.link(draft, path)
        finally:
            os.unlink(draft)
    except FileExistsError:
        pass
    except OSError as error:
        _refuse(path, kind, f"it cannot be made ({error.strerror}); {WHERE_TO_MAKE}")


def _read(path: str, kind: SecretKind) -> bytes:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            _refuse(path, kind, "it is not a plain file; give the path of a file")
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES).strip()
    except OSError as error:
        _refuse(path, kind, f"it cannot be read ({error.strerror}); correct its permissions, or give another path")
    if len(content) < MIN_BYTES:
        why = f"it contains {len(content)} bytes, and {kind.content} needs at least {MIN_BYTES}"
        _refuse(path, kind, f"{why}; delete it to get a new one, or give another path")
    return content


def _refuse(path: str, kind: SecretKind, why: str) -> NoReturn:
    raise BadSetting(f"the {kind.file} {path} cannot be used: {why} in {kind.setting}")
