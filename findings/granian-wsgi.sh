#!/bin/sh
# granian as a WSGI server: a status that is set at the first step of the body is lost, letters beyond ASCII in headers are
# lost or encoded twice, write() is missing, and readline() does not keep to its size. Only write() is seen in the log.
#
# What one would expect: an application that keeps to PEP 3333 gets and sends the same under every server.
#
# What happens                                               granian 2.8.9            waitress 3.0.2
#   an application that is a generator answers 404           200, no Content-Type     404, text/plain
#   with a Content-Type of its own
#   X-Name: caf\xe9 in a request, as the environ has it      ""                       "caf\u00e9"
#   ("X-Name", "caf\u00e9") of a response, as it is sent     caf\xc3\xa9              caf\xe9
#   calling what start_response returns                      500, it returns None     200
#   wsgi.input.readline(3)                                   the whole line           three bytes
#
# Source: PEP 3333: "servers must not assume that start_response() has been called before they begin iterating over the
# iterable"; strings of headers stand for bytes, a letter up to U+00FF for each ("Unicode Issues"); start_response returns
# a write callable; readline takes a size, as of Python's files.
# https://github.com/emmett-framework/granian/issues/845 closes the first one as not planned.
#
# Why it matters: what wraps an application in a generator, such as Werkzeug's debugger or a middleware that tidies up when
# the response has ended, turns each error into a 200, which monitors and caches take for a page. Frameworks give UTF-8 to
# a WSGI server as Latin-1, as the PEP has it, and each such letter is encoded twice.
#
# Run it: sh findings/granian-wsgi.sh. It needs python3 and pip's index; it fails if the behaviour changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip --disable-pip-version-check install --quiet granian==2.8.9 waitress==3.0.2

cat >shop.py <<'PYTHON'
def missing(environ, start_response):
    start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", "4")])
    yield b"none"


def names(environ, start_response):
    start_response("200 OK", [("X-Name", "caf\u00e9"), ("X-Read", ascii(environ["HTTP_X_NAME"])), ("Content-Length", "0")])
    return []


def writing(environ, start_response):
    write = start_response("200 OK", [("Content-Length", "3")])
    write(b"one")
    return []


def reading(environ, start_response):
    line = environ["wsgi.input"].readline(3)
    start_response("200 OK", [("Content-Length", str(len(line)))])
    return [line]


PAGES = {"/missing": missing, "/names": names, "/writing": writing, "/reading": reading}


def application(environ, start_response):
    return PAGES[environ["PATH_INFO"]](environ, start_response)
PYTHON
cat >finding.py <<'PYTHON'
import subprocess
import sys
import time
from http.client import HTTPConnection
from importlib.metadata import version
from socket import create_connection, create_server

SERVERS = {
    "granian": ["-m", "granian", "--interface", "wsgi", "--log-level", "critical", "--host", "127.0.0.1", "--port", "{}"],
    "waitress": ["-m", "waitress", "--listen=127.0.0.1:{}"],
}


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


def ask(port, method, path, **more):
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, **more)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


def try_all(port):
    missing, _ = ask(port, "GET", "/missing")
    names, _ = ask(port, "GET", "/names", headers={"X-Name": b"caf\xe9"})
    writing, _ = ask(port, "GET", "/writing")
    _, line = ask(port, "POST", "/reading", body=b"a long line\nanother\n")
    return {
        "a generator's 404": (missing.status, missing.getheader("Content-Type")),
        "X-Name as it is read": names.getheader("X-Read"),
        "X-Name as it is sent": names.getheader("X-Name").encode("latin-1"),
        "write()": writing.status,
        "readline(3)": line,
    }


def run(words):
    port = free_port()
    command = [sys.executable, *(word.format(port) for word in words), "shop:application"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        return try_all(port)
    finally:
        server.terminate()
        server.wait()


found = {name: run(words) for name, words in SERVERS.items()}
for name, cases in found.items():
    print(f"{name} {version(name)}")
    for case, result in cases.items():
        print(f"  {case:22} {result}")
granian = [(200, None), "''", b"caf\xc3\xa9", 500, b"a long line\n"]
waitress = [(404, "text/plain"), r"'caf\xe9'", b"caf\xe9", 200, b"a l"]
if [list(cases.values()) for cases in found.values()] != [granian, waitress]:
    sys.exit("the behaviour has changed")
PYTHON
venv/bin/python finding.py
