"""What is at the path of a Unix socket."""

import os
import stat

__all__ = ["is_socket"]


def is_socket(path: str) -> bool:
    """Whether a Unix socket, dead or alive, is at this path."""
    try:
        return stat.S_ISSOCK(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False
