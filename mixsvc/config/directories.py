"""The directory of the process, which somebody may have removed."""

import os

from mixsvc.errors import BadSetting

__all__ = ["current_directory"]


def current_directory() -> str:
    """The directory to which relative paths refer. Raises BadSetting if it has been removed."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise BadSetting("the current directory has been removed; start in another one") from None
