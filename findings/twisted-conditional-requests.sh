#!/bin/sh
# Twisted: setETag and setLastModified say 304 to a client whose copy is old, and 200 to one whose copy is the present
# one; static.File sends the rest of another file to a client that resumes a download.
#
# What one would expect: `request.setETag(tag)` and `request.setLastModified(when)` return CACHED if what the client has
# is still right, by the rules of HTTP; and a File that announces Accept-Ranges and Last-Modified lets a client go on
# with a download that was cut, by Range and If-Range, without a mixture of two files.
#
# What happens (Twisted 26.10.0; the resource has the tag "new" and a Last-Modified, the file has ten bytes):
#   If-None-Match: "old", "new"                              304, as expected
#   If-None-Match: "new", "old" or "old","new"               200: the list is split at spaces, and the commas stay
#   If-None-Match: W/"new"                                   200: compared as a text, where a weak comparison is due
#   If-None-Match: "old" and the present If-Modified-Since   304 for an old copy; expected: 200, the tag alone counts
#   Range: bytes=5- with an If-Range of another date         206, the end of the present file; expected: 200, all of it
#
# Source: RFC 9110, 13.1.2 ("A recipient MUST use the weak comparison function"), 13.1.3 ("A recipient MUST ignore
# If-Modified-Since if the request contains an If-None-Match header field") and 13.1.5 ("A recipient of an If-Range
# header field MUST ignore the Range header field if the If-Range condition evaluates as false").
# twisted/web/http.py: setETag, setLastModified; no file of twisted.web names If-Range. The docstring of setETag
# promises CACHED if "the tag matches one in the request".
#
# Why it matters: nginx makes a tag weak when it compresses (since 1.7.3), so what goes through it is never 304. Two
# changes within one second, or a file that is put back with its old date, have one date and two tags: browsers send
# both fields, and keep the old copy. A browser that resumes a download which was replaced meanwhile joins two files,
# and nothing fails. werkzeug.http.parse_etags reads If-None-Match by the rules.
#
# Run it: sh findings/twisted-conditional-requests.sh. It needs python3 and pip's index; it fails if the behaviour
# changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check install --quiet twisted==26.10.0

cat >"$folder/finding.py" <<'PYTHON'
import os
import sys
from http.client import HTTPConnection
from importlib.metadata import version
from pathlib import Path

from twisted.internet.task import react
from twisted.internet.threads import deferToThread
from twisted.web.http import CACHED
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.static import File

CHANGED, BEFORE = "Sun, 09 Sep 2001 01:46:40 GMT", "Sat, 08 Sep 2001 01:46:40 GMT"
RANGE = {"Range": "bytes=5-"}


class Tagged(Resource):
    isLeaf = True

    def render_GET(self, request):
        known = request.setETag(b'"new"'), request.setLastModified(1_000_000_000)
        return b"" if CACHED in known else b"the present text"


def ask(port, path, fields):
    connection = HTTPConnection("127.0.0.1", port)
    connection.request("GET", path, headers=fields)
    response = connection.getresponse()
    found = response.status, response.read().decode()
    connection.close()
    return found


def ask_all(port):
    everything, nothing, file = (200, "the present text"), (304, ""), (200, "0123456789")
    changed = []
    for path, fields, expected in (
        ("/tagged", {}, everything),
        ("/tagged", {"If-None-Match": '"new"'}, nothing),
        ("/tagged", {"If-None-Match": '"old", "new"'}, nothing),
        ("/tagged", {"If-None-Match": '"new", "old"'}, everything),
        ("/tagged", {"If-None-Match": '"old","new"'}, everything),
        ("/tagged", {"If-None-Match": 'W/"new"'}, everything),
        ("/tagged", {"If-None-Match": '"old"'}, everything),
        ("/tagged", {"If-None-Match": '"old"', "If-Modified-Since": CHANGED}, nothing),
        ("/file", {}, file),
        ("/file", {**RANGE, "If-Range": CHANGED}, (206, "56789")),
        ("/file", {**RANGE, "If-Range": BEFORE}, (206, "56789")),
    ):
        found = ask(port, path, fields)
        print(f"{path:8} {fields}: {found}")
        if found != expected:
            changed.append(f"{path} {fields}")
    if changed:
        sys.exit(f"the behaviour has changed: {changed}")


async def main(reactor, folder):
    print(f"Twisted {version('twisted')}")
    file = Path(folder, "file")
    file.write_bytes(b"0123456789")
    os.utime(file, (1_000_000_000, 1_000_000_000))
    root = File(folder)
    root.putChild(b"tagged", Tagged())
    port = reactor.listenTCP(0, Site(root), interface="127.0.0.1")
    await deferToThread(ask_all, port.getHost().port)


react(main, sys.argv[1:])
PYTHON
mkdir "$folder/files"
"$folder/venv/bin/python" "$folder/finding.py" "$folder/files"
