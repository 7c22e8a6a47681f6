"""sockjs-tornado on the last Tornado that it knows, 4.5, with what Python has dropped since."""

import collections
import collections.abc
import os
import socket
import sys


def _main() -> None:
    # Tornado 4.5 looks for this name where Python 3.9 had it.
    collections.MutableMapping = collections.abc.MutableMapping  # type: ignore[attr-defined]
    # All of these live in the environment of this server alone.
    from sockjs.tornado import SockJSConnection, SockJSRouter  # type: ignore[import-not-found]
    from tornado import httpserver, ioloop, web  # type: ignore[import-not-found]

    class Broadcast(SockJSConnection):  # type: ignore[misc]  # it has no types here
        clients: set[SockJSConnection] = set()

        def on_open(self, request: object) -> None:
            self.clients.add(self)

        def on_message(self, message: str) -> None:
            self.broadcast(self.clients, message)

        def on_close(self) -> None:
            self.clients.discard(self)

    class Echo(SockJSConnection):  # type: ignore[misc]  # it has no types here
        def on_message(self, message: str) -> None:
            self.send(message)

    options = {"response_limit": int(sys.argv[1])}
    routers = [SockJSRouter(Broadcast, "/broadcast", options), SockJSRouter(Echo, "/echo", options)]
    server = httpserver.HTTPServer(web.Application([url for router in routers for url in router.urls]))
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    listening.setblocking(False)
    server.add_socket(listening)
    print(f"ready {listening.getsockname()[1]} {os.getpid()}", flush=True)
    ioloop.IOLoop.current().start()


if __name__ == "__main__":
    _main()
