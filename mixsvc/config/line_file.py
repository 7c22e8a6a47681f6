"""Small files of ours with an entry on each line, which commands change while the service runs."""

import os
import stat
from typing import Final

from mixsvc.errors import BadSetting

__all__ = ["read_text", "replace_text"]

# Limits the memory that a wrong path to something huge takes.
MAX_CHARACTERS: Final = 2**18


def read_text(path: str, setting: str) -> str:
    """Returns the text of a file, "" if there is none. Blocks. Raises BadSetting.

    setting: the one that has the path, for messages, such as [chat] hooks_file.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise BadSetting(f"{setting} = {path} is not a plain file; give the path of a file")
        with open(path, encoding="utf-8") as file:
            text = file.read(MAX_CHARACTERS + 1)
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise BadSetting(f"{setting} = {path} is not text in UTF-8; give another path") from None
    except OSError as error:
        raise BadSetting(f"{setting} = {path} cannot be read ({error.strerror}); correct its permissions") from None
    if len(text) > MAX_CHARACTERS:
        raise BadSetting(f"{setting} = {path} has more than {MAX_CHARACTERS} characters; give another path")
    return text


def replace_text(path: str, text: str, setting: str) -> None:
    """Put a complete file, for its owner alone, in place of the one that is there. Blocks. Raises BadSetting.

    Of two commands at once the second one is refused.
    """
    draft = f"{path}.new"
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                _give_to_owner(handle, path)
                file.write(text)
                file.flush()
                os.fsync(handle)
            os.replace(draft, path)
        except BaseException:
            os.unlink(draft)
            raise
    except FileExistsError:
        raise BadSetting(f"{path} is being changed; try again, or delete {draft} if no command runs") from None
    except OSError as error:
        raise BadSetting(f"{setting} = {path} cannot be written ({error.strerror})") from None


def _give_to_owner(handle: int, path: str) -> None:
    """A file that root writes stays its owner's, or becomes that of who has the folder: the service has to read it."""
    if os.geteuid() == 0:
        there = os.stat(path if os.path.exists(path) else os.path.dirname(path) or ".")
        os.fchown(handle, there.st_uid, there.st_gid)
