"""What our HTTP server adds to the WSGI environ, for pages that run in it."""

from typing import Final

__all__ = ["REMOVED_PREFIX"]

# The path that a trusted proxy has removed from the beginning of the URL, such as /mix; missing if there is none.
# SCRIPT_NAME begins with it and goes on with the path at which an application is mounted.
REMOVED_PREFIX: Final = "mixsvc.prefix"
