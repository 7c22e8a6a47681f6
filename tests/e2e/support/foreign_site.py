"""A site of somebody else, on another origin than the service: its pages have a strict policy."""

from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Final, Self

__all__ = ["ForeignSite"]

# No inline anything, nothing evaluated, and no text becomes markup (Trusted Types).
POLICY: Final = (
    "default-src 'none'; script-src 'self' {chat}; connect-src {chat} {socket}; style-src 'self'; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
TYPES: Final = {"html": "text/html; charset=utf-8", "js": "text/javascript", "css": "text/css"}


class ForeignSite:
    """Serves `pages`, by path, while it is entered. chat: the origin of the service, once that is known."""

    def __init__(self, pages: Mapping[str, str]) -> None:
        self.chat = ""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site._answer(self)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self._pages = pages
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # A name, as a browser takes it for another site than the address of the service.
        self.origin = f"http://localhost:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        text = self._pages.get(request.path)
        content = (text or "").replace("CHAT", self.chat).encode()
        request.send_response(404 if text is None else 200)
        request.send_header("Content-Type", TYPES.get(request.path.rpartition(".")[2], "text/plain"))
        request.send_header("Content-Length", str(len(content)))
        policy = POLICY.format(chat=self.chat, socket=self.chat.replace("http", "ws", 1))
        request.send_header("Content-Security-Policy", policy)
        request.end_headers()
        request.wfile.write(content)
