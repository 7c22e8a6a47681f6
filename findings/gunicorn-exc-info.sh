#!/bin/sh
# gunicorn and cheroot: the page of an error keeps the headers of the response that failed.
#
# What one would expect: an application, or a middleware around it, that fails after it has called start_response, and
# before anything was sent, calls it again with exc_info and the headers of its error page. The client sees those only.
#
# What happens (200 with `Content-Type: text/csv`, `Cache-Control: public, max-age=86400` and a cookie; its iterator fails
# before the first part; a middleware answers 500 with `Content-Type: text/plain`):
#   gunicorn 27.0.1, cheroot 11.1.2     500 with both Content-Types, Cache-Control: public, max-age=86400, and the cookie
#   waitress 3.0.2, wsgiref of Python   500 with Content-Type: text/plain, as expected; so do Twisted and uWSGI
#
# Source: PEP 3333, "The start_response() Callable": with exc_info, and if no headers have been output, start_response
# "should replace the currently-stored HTTP response headers with the newly-supplied ones". gunicorn and cheroot append.
#
# Why it matters: a cache in front keeps the error for as long as it was to keep the page, and a client takes it for what
# it had asked for. Frameworks make their error pages before they call start_response, so this is seen only with
# middlewares that catch what streams raise. Under these servers no header can be taken back: call start_response once,
# when the first part of the body is there.
#
# Run it: sh findings/gunicorn-exc-info.sh. It needs python3 and pip's index; it fails if the behaviour changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip --disable-pip-version-check install --quiet gunicorn==27.0.1 cheroot==11.1.2 waitress==3.0.2

cat >shop.py <<'PYTHON'
import sys


def orders(environ, start_response):
    start_response(
        "200 OK",
        [
            ("Content-Type", "text/csv"),
            ("Cache-Control", "public, max-age=86400"),
            ("Set-Cookie", "last=orders"),
        ],
    )
    raise OSError("the database has gone")
    yield b"never"


def application(environ, start_response):
    """A middleware for errors of streams."""
    try:
        yield from orders(environ, start_response)
    except OSError:
        start_response("500 Internal Server Error", [("Content-Type", "text/plain")], sys.exc_info())
        yield b"Sorry."
PYTHON
cat >finding.py <<'PYTHON'
import subprocess
import sys
import time
from http.client import HTTPConnection
from importlib.metadata import version
from socket import create_connection, create_server

SERVERS = {
    "gunicorn": ["-m", "gunicorn", "--no-control-socket", "--log-level", "critical", "-b", "127.0.0.1:{}"],
    "cheroot": ["-m", "cheroot", "--bind", "127.0.0.1:{}"],
    "waitress": ["-m", "waitress", "--listen=127.0.0.1:{}"],
}
WSGIREF = """
import sys
from wsgiref.simple_server import make_server, WSGIRequestHandler
from shop import application
class Quiet(WSGIRequestHandler):
    def log_message(self, *ignored): pass
make_server("127.0.0.1", int(sys.argv[1]), application, handler_class=Quiet).serve_forever()
"""
NEW, OLD = [("content-type", "text/plain")], ["text/csv", "public, max-age=86400", "last=orders"]


def free_port():
    with create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_for(port):
    for _ in range(600):
        try:
            return create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
    sys.exit("the server did not start")


def ask(command):
    """The status and the headers that are the application's."""
    port = free_port()
    server = subprocess.Popen([sys.executable, *(word.format(port) for word in command)], stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/")
        response = connection.getresponse()
        headers = [(name.lower(), value) for name, value in response.getheaders()]
        return response.status, [each for each in headers if each[0] in ("content-type", "cache-control", "set-cookie")]
    finally:
        server.terminate()
        server.wait()


found = {name: ask([*words, "shop:application"]) for name, words in SERVERS.items()}
found["wsgiref"] = ask(["-c", WSGIREF, "{}"])
for name, (status, headers) in found.items():
    release = sys.version.split()[0] if name == "wsgiref" else version(name)
    print(f"{name} {release}: {status}, {'; '.join(': '.join(each) for each in headers)}")
kept = {name: [value for _, value in headers if value in OLD] for name, (_, headers) in found.items()}
if kept != {"gunicorn": OLD, "cheroot": OLD, "waitress": [], "wsgiref": []} or {each[0] for each in found.values()} != {500}:
    sys.exit("the behaviour has changed")
PYTHON
venv/bin/python finding.py
