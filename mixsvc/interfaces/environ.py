"""What our HTTP server adds to the WSGI environ, for pages that run in it."""

from typing import Final

__all__ = ["REMOVED_PREFIX", "SOCKET"]

# The path that a trusted proxy has removed from the beginning of the URL, such as /mix; missing if there is none.
# SCRIPT_NAME begins with it and goes on with the path at which an application is mounted.
REMOVED_PREFIX: Final = "mixsvc.prefix"

# The client's socket, for views that speak WebSocket themselves (mixsvc.sockets); where simple-websocket looks for it.
# Only for handshakes (RFC 6455 section 4.1).
SOCKET: Final = "werkzeug.socket"
