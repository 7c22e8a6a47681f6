#!/bin/sh
# Werkzeug: send_file answers four valid kinds of Range with 416 or 206, where the client should get the file.
#
# What one would expect: a Range that a server does not understand changes nothing, the client gets 200 and the file; and
# whoever asks for more than there is gets what there is.
#
# What happens (Werkzeug 3.1.9, Flask 3.1.x, a file of 10 bytes, `send_file(..., conditional=True)`, which is the default
# of Flask's send_file and static files):
#   Range: items=0-1            416 Range Not Satisfiable   expected: 200, "an origin server MUST ignore a Range header
#                                                           field that contains a range unit it does not understand"
#   Range: bytes=0-1,3-3        416 Range Not Satisfiable   expected: 206 or 200; both parts are in the file
#   Range: bytes=-99            416 Range Not Satisfiable   expected: 206 and all 10 bytes, as for bytes=0-98, which works
#   HEAD with Range: bytes=0-1  206 Partial Content         expected: 200, Range is defined for GET only
#   Range: bytes=0-1, 0-98, -9  206, as expected
#
# Source: RFC 9110, 14.1.2 ("If the selected representation is shorter than the specified suffix-length, the entire
# representation is used"), 14.2 (unknown units, and "a server MUST ignore a Range header field received with a request
# method that is unrecognized or for which range handling is not defined"; only GET is) and 15.5.17 (416 is for ranges of
# which none overlaps the representation).
#
# Why it matters: players, download managers and PDF viewers that ask for several parts get an error for a file that is
# there; who reads the end of an archive first (zip's directory is in its last 64 KB), or of a log, gets one as long as
# the file is short; and a cache in front that asks HEAD with its client's headers stores the length of a part.
#
# Run it: sh findings/werkzeug-ranges.sh. It needs python3 and pip's index; it fails if the behaviour changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check install --quiet flask==3.1.3 werkzeug==3.1.9

cat >"$folder/finding.py" <<'PYTHON'
import io
import sys
from importlib.metadata import version

from flask import Flask, send_file

app = Flask("finding")


@app.get("/file")
def file():
    return send_file(io.BytesIO(b"0123456789"), mimetype="text/plain")


print(f"werkzeug {version('werkzeug')}, flask {version('flask')}")
client = app.test_client()
found = {}
asked = [("GET", each) for each in ("items=0-1", "bytes=0-1,3-3", "bytes=-99", "bytes=-9", "bytes=0-98", "bytes=0-1")]
for method, ranges in (*asked, ("HEAD", "bytes=0-1")):
    response = client.open("/file", method=method, headers={"Range": ranges})
    print(f"{method:4} Range: {ranges:14} {response.status}, Content-Length: {response.headers.get('Content-Length')}")
    found[method, ranges] = response.status_code
if list(found.values()) != [416, 416, 416, 206, 206, 206, 206]:
    sys.exit("the behaviour has changed")
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
