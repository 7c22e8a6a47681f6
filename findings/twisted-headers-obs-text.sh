#!/bin/sh
# Twisted: asking a header by its name as text raises UnicodeDecodeError for values that RFC 9110 allows.
#
# What one would expect: `headers.getRawHeaders("x-name")` returns the values as text, for every value that the server
# has accepted; header values are ISO-8859-1 in the standard library, in WSGI and in treq's peers.
#
# What happens (Twisted 26.10.0): with a name in bytes it returns bytes. With a name as text it decodes the value as
# UTF-8, strictly, so a value with a byte from 0x80 to 0xff that is not UTF-8 raises UnicodeDecodeError in the
# application, though twisted.web's own server has taken the request. `getHeader("x-name")` of a request does the same.
#
# Source: RFC 9110, 5.5: field-value may hold obs-text, %x80-FF. twisted/web/http_headers.py; the docstring of
# getRawHeaders speaks of the type that is returned, not of an error.
#
# Why it matters: one line such as `if request.getHeader("referer")` makes a resource answer 500 to browsers and proxies
# that send Latin-1 (Referer and Content-Disposition of older ones do). Ask in bytes, and decode as ISO-8859-1.
#
# Run it: sh findings/twisted-headers-obs-text.sh. It needs python3 and pip's index; it fails if the behaviour changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check install --quiet twisted==26.10.0

cat >"$folder/finding.py" <<'PYTHON'
import sys
from importlib.metadata import version
from urllib.request import HTTPError, Request, urlopen

from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from twisted.web.resource import Resource
from twisted.web.server import Site


class Page(Resource):
    isLeaf = True

    def render_GET(self, request):
        name = "referer" if request.path == b"/text" else b"referer"
        return repr(request.getHeader(name)).encode()


def ask(port, path, value):
    try:
        with urlopen(Request(f"http://127.0.0.1:{port}{path}", headers={"Referer": value})) as response:
            return response.read().decode()
    except HTTPError as error:
        return str(error.code)


def run(port):
    return [ask(port, path, value) for value in ("http://x/plain", "http://x/caf\xe9") for path in ("/bytes", "/text")]


def told(found):
    print(f"twisted {version('twisted')}")
    print("plain value:   name in bytes: {}; name as text: {}".format(*found[:2]))
    print("Latin-1 value: name in bytes: {}; name as text: {}".format(*found[2:]))
    results.extend(found)


results = []
port = reactor.listenTCP(0, Site(Page()), interface="127.0.0.1")
deferToThread(run, port.getHost().port).addCallback(told).addErrback(lambda failure: failure.printTraceback()).addBoth(
    lambda _: reactor.stop()
)
reactor.run()
if results != ["b'http://x/plain'", "'http://x/plain'", r"b'http://x/caf\xe9'", "500"]:
    sys.exit(f"the behaviour has changed: {results}")
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
