#!/bin/sh
# treq: of four valid gzip responses it decodes one, cuts one short, and passes two on compressed; none fails.
#
# What one would expect: treq sends `Accept-Encoding: gzip` by itself and decodes the answer, so `treq.content` is the
# same text for every valid gzip response, as with requests.
#
# What happens (treq 26.7.0 on Twisted 26.10.0, status 200 and no error in all four cases):
#   Content-Encoding: gzip, one member      decoded
#   Content-Encoding: gzip, two members     only the first member; the rest of the body is dropped silently
#   Content-Encoding: GZIP                  the compressed bytes, with the header still there
#   Content-Encoding: x-gzip                the compressed bytes, with the header still there
#
# Source: RFC 9110, 8.4.1: content codings are case-insensitive; 8.4.1.3: gzip is the format of RFC 1952, and x-gzip is
# to be treated as equal to gzip. RFC 1952, 2.2: a gzip file is a series of members. Neither treq's documentation nor
# that of twisted.web.client.GzipDecoder names a limit.
#
# Why it matters: a service that polls others with treq gets the first part of a document as if it were all of it. Bodies
# of several members come from servers that compress each flush or each stored segment by itself (`cat a.gz b.gz`, log
# archives, watch streams). JSON that is cut fails to parse; lines of text, CSV or JSON lines do not fail at all.
# treq has no option for it: it adds `gzip` to whatever Accept-Encoding one gives. twisted.web.client.Agent by itself asks
# for no coding.
#
# Run it: sh findings/treq-gzip-responses.sh. It needs python3 and pip's index; it fails if the behaviour changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check install --quiet \
    treq==26.7.0 twisted==26.10.0 requests==2.34.2 urllib3==2.8.0

cat >"$folder/finding.py" <<'PYTHON'
import gzip
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

import requests
import treq
from twisted.internet.task import react
from twisted.internet.threads import deferToThread

TEXT = b"1,one\n2,two\n"
ONE = gzip.compress(TEXT)
TWO = gzip.compress(b"1,one\n") + gzip.compress(b"2,two\n")
ANSWERS = {"/one": ("gzip", ONE), "/two": ("gzip", TWO), "/case": ("GZIP", ONE), "/alias": ("x-gzip", ONE)}
EXPECTED = {"/one": TEXT, "/two": b"1,one\n", "/case": ONE, "/alias": ONE}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        coding, body = ANSWERS[self.path]
        self.send_response(200)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Encoding", coding)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


async def main(reactor):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    print(", ".join(f"{name} {version(name)}" for name in ("treq", "twisted", "requests", "urllib3")))
    print(f"the text: {TEXT!r}; two members together: {gzip.decompress(TWO)!r}")
    changed = []
    for path, (coding, _) in ANSWERS.items():
        response = await treq.get(base + path, persistent=False)
        ours = await treq.content(response)
        other = (await deferToThread(requests.get, base + path)).content
        left = response.headers.getRawHeaders("Content-Encoding")
        print(f"{path:7} Content-Encoding: {coding:7} treq: {response.code} {ours!r} (header left: {left})")
        print(f"{'':32} requests: {other!r}")
        if ours != EXPECTED[path] or other != TEXT:
            changed.append(path)
    server.shutdown()
    if changed:
        sys.exit(f"the behaviour has changed for {', '.join(changed)}")


react(main)
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
