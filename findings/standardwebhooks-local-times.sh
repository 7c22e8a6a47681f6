#!/bin/sh
# standardwebhooks for Python: a webhook that is signed with a local time has a signature that nobody accepts.
#
# What one would expect: sign() takes a datetime. Two aware datetimes that are equal are the same moment, and give the
# same signature in whatever zones they are.
#
# What happens (standardwebhooks 1.1.0 for Python, verified by it and by 1.1.1 for Node; a machine in Berlin's time):
#   sign(.., datetime.now(timezone.utc), ..)                accepted by both
#   sign(.., datetime.now(ZoneInfo("Europe/Berlin")), ..)   "No matching signature found", from both
#   sign(.., datetime.now(), ..), naive                     the same
# sign() puts UTC in place of the zone of the time that it is given, and so signs what the clock on the wall shows; the
# header, `str(int(time.timestamp()))`, has the moment. On a machine in UTC, and in a test that signs and verifies with
# datetime.now(timezone.utc), all is well.
#
# Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: the header
# webhook-timestamp has the seconds since the epoch, and is a part of what is signed.
#
# Why it matters: it works until TZ is set, or until the time comes from a framework that gives local ones, such as
# Django's localtime(); and the receiver's error speaks of the signature, so that one looks for a wrong secret. Give it
# `datetime.now(timezone.utc)`.
#
# Run it: sh findings/standardwebhooks-local-times.sh. It needs python3, pip's index, node and npm; it fails if the
# behaviour changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip --disable-pip-version-check install --quiet standardwebhooks==1.1.0 tzdata==2025.2
npm install --silent --no-audit --no-fund --no-save --prefix "$folder" standardwebhooks@1.1.1

cat >verify.cjs <<'JS'
const { Webhook } = require("standardwebhooks");
const [secret, id, timestamp, signature, body] = process.argv.slice(2);
const headers = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature };
try {
  new Webhook(secret).verify(body, headers);
  console.log("accepted");
} catch (error) {
  console.log(`${error.name}: ${error.message}`);
}
JS
cat >finding.py <<'PYTHON'
import os
import subprocess
import sys
import time
from datetime import datetime, timezone
from importlib.metadata import version
from zoneinfo import ZoneInfo

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

os.environ["TZ"] = "Europe/Berlin"
time.tzset()
SECRET, ID, BODY = "whsec_c2VjcmV0IG9mIGFuIGV4YW1wbGU=", "msg_1", '{"event": "paid"}'
REFUSED = "WebhookVerificationError: No matching signature found"


def by_python(timestamp, signature):
    headers = {"webhook-id": ID, "webhook-timestamp": timestamp, "webhook-signature": signature}
    try:
        Webhook(SECRET).verify(BODY, headers)
    except WebhookVerificationError as error:
        return f"{type(error).__name__}: {error}"
    return "accepted"


def by_node(timestamp, signature):
    command = ["node", "verify.cjs", SECRET, ID, timestamp, signature, BODY]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


now = datetime.now(timezone.utc)
here = now.astimezone(ZoneInfo("Europe/Berlin"))
times = {"UTC": now, "Berlin": here, "naive": here.replace(tzinfo=None)}
found = {}
print(f"standardwebhooks {version('standardwebhooks')}")
for name, moment in times.items():
    timestamp, signature = str(int(moment.timestamp())), Webhook(SECRET).sign(ID, moment, BODY)
    found[name] = [by_python(timestamp, signature), by_node(timestamp, signature)]
    print(f"{name:7} webhook-timestamp: {timestamp}, Python: {found[name][0]}, Node: {found[name][1]}")
if found != {"UTC": ["accepted"] * 2, "Berlin": [REFUSED] * 2, "naive": [REFUSED] * 2}:
    sys.exit("the behaviour has changed")
PYTHON
venv/bin/python finding.py
