"""A proxy in front of PostgreSQL that can be silent, and lose answers."""

import socket
from contextlib import ExitStack, suppress
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self

__all__ = ["Relay"]

CHUNK = 65536


class _Pair:
    """A connection of a client and the one to the server that belongs to it."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client, self.server = client, server
        self.is_asked = False
        self.loses_answer = False

    def end(self) -> None:
        for each in (self.client, self.server):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class Relay:
    """Forwards between clients and a server on the loopback, in threads; a context manager.

    port: where it listens.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port: int = self._listener.getsockname()[1]
        self._speaks = Event()
        self._speaks.set()
        self._lock = Lock()
        self._pairs: set[_Pair] = set()
        # How many answers were lost.
        self.lost = 0
        Thread(target=self._accept, daemon=True).start()

    def be_silent(self) -> None:
        """From now on forward nothing, not even the end of a connection; new connections are accepted."""
        self._speaks.clear()

    def speak(self) -> None:
        """Forward what has come meanwhile, and go on."""
        self._speaks.set()

    def lose_answers(self) -> None:
        """Of each connection forward the next question, but not its answer: break it instead."""
        with self._lock:
            for pair in self._pairs:
                pair.is_asked, pair.loses_answer = False, True

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with ExitStack() as stack:
            stack.enter_context(client)
            try:
                server = stack.enter_context(socket.create_connection(("127.0.0.1", self._server_port)))
            except OSError:
                return
            pair = _Pair(client, server)
            with self._lock:
                self._pairs.add(pair)
            back = Thread(target=self._forward, args=(pair, server, client), daemon=True)
            back.start()
            self._forward(pair, client, server)
            back.join()
            with self._lock:
                self._pairs.discard(pair)

    def _forward(self, pair: _Pair, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                self._speaks.wait()
                if source is pair.client:
                    pair.is_asked = True
                elif pair.loses_answer and pair.is_asked:
                    self.lost += 1
                    break
                target.sendall(data)
        self._speaks.wait()
        pair.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self._speaks.set()
        with self._lock:
            pairs = tuple(self._pairs)
        for pair in pairs:
            pair.end()
