"""A proxy whose old connections can die without a word, as when a computer changes the network: new ones work."""

import socket
from contextlib import suppress
from threading import Lock, Thread
from types import TracebackType
from typing import Final, Self

__all__ = ["OldNetwork"]

CHUNK: Final = 65536


class OldNetwork:
    """Forwards between browsers and a service on the loopback, in threads; a context manager.

    port: where it listens.
    """

    def __init__(self, service_port: int) -> None:
        self._service_port = service_port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port: int = self._listener.getsockname()[1]
        self._lock = Lock()
        self._open: set[socket.socket] = set()
        self._dead: set[socket.socket] = set()
        # Those whose WebSockets are refused.
        self.forbids_websockets = False
        Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """What a browser opens."""
        return f"http://127.0.0.1:{self.port}"

    def leave(self) -> None:
        """From now on the connections that are open carry nothing, not even their end; others do."""
        with self._lock:
            self._dead |= self._open

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError):
            server = socket.create_connection(("127.0.0.1", self._service_port))
            with self._lock:
                self._open |= {client, server}
            Thread(target=self._forward, args=(server, client), daemon=True).start()
            self._forward(client, server)

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                if source in self._dead:
                    # Read, so that nobody notices, and forwarded to nobody.
                    continue
                if self.forbids_websockets and b"Upgrade: websocket" in data:
                    break
                target.sendall(data)
        if source not in self._dead:
            for each in (source, target):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        with self._lock:
            everyone = tuple(self._open)
        for each in everyone:
            each.close()
