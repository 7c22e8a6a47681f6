#!/bin/sh
# treq and Twisted's Agent: every second POST fails at a server that answers with HTTP/1.0, or with `Connection: Close`.
#
# What one would expect: a connection that the server is going to close is not used again. HTTP/1.0 without
# `Connection: keep-alive` means that, and so do `close`, `Close` and `close, x-y` in Connection.
#
# What happens (Twisted 26.10.0, treq 26.7.0; four POSTs, one after the other, to http.server of Python):
#   HTTP/1.1, Connection: close        200, 200, 200, 200
#   HTTP/1.1, Connection: Close        200, ResponseNeverReceived, 200, ResponseNeverReceived
#   HTTP/1.1, Connection: close, x-y   200, ResponseNeverReceived, 200, ResponseNeverReceived
#   HTTP/1.0, no Connection            200, ResponseNeverReceived, 200, ResponseNeverReceived
# The pool, which is treq's default, keeps each connection whose Connection header is not `close` letter by letter. GET does
# not show it: the pool repeats requests without a body.
#
# Source: RFC 9112, 9.3: a connection persists with HTTP/1.0 only where both sides say keep-alive; RFC 9110, 7.6.1:
# "Connection options are case-insensitive", and there may be several.
#
# Why it matters: `python -m http.server`, wsgiref and many a small device answer with HTTP/1.0. Webhooks and API calls to
# them work once, then every other time; tests that send one request see nothing. Repeat such a request on a new connection,
# if it may be repeated, or use HTTPConnectionPool(reactor, persistent=False).
#
# Run it: sh findings/treq-second-post.sh. It needs python3 and pip's index; it fails if the behaviour changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check install --quiet twisted==26.10.0 treq==26.7.0

cat >"$folder/finding.py" <<'PYTHON'
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

import treq
from twisted.internet.defer import Deferred
from twisted.internet.task import react
from twisted.web.client import ResponseNeverReceived


def served(protocol, connection):
    """The URL of a server that ends each connection after its answer."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = protocol

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            if connection:
                self.send_header("Connection", connection)
            self.close_connection = True
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *ignored):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


async def post(url):
    try:
        response = await treq.post(url, data=b"order")
        await response.content()
    except ResponseNeverReceived:
        return "ResponseNeverReceived"
    return str(response.code)


async def main(reactor):
    print(f"twisted {version('twisted')}, treq {version('treq')}")
    found = []
    for protocol, connection in (("HTTP/1.1", "close"), ("HTTP/1.1", "Close"), ("HTTP/1.1", "close, x-y"), ("HTTP/1.0", "")):
        url = served(protocol, connection)
        found.append([await post(url) for _ in range(4)])
        print(f"{protocol}, {f'Connection: {connection}' if connection else 'no Connection':22} {', '.join(found[-1])}")
    if found != [["200"] * 4, *[["200", "ResponseNeverReceived"] * 2] * 3]:
        sys.exit("the behaviour has changed")


react(lambda reactor: Deferred.fromCoroutine(main(reactor)))
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
