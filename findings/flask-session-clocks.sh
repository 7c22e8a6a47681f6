#!/bin/sh
# Flask's sessions, where one of two servers has its clock a moment ahead: the other one takes the session for expired,
# and the first thing that it writes into its empty session logs the user out everywhere.
#
# What one would expect: a session expires when it is older than PERMANENT_SESSION_LIFETIME (31 days), and one whose age
# is less than nothing has not expired.
#
# What happens (itsdangerous 2.2.0, Flask 3.1.3, Starlette 1.10.0; server A is a second ahead of server B, same key):
#   log in at A, then ask B                 B finds no session, says nothing, and logs nothing
#   the same, a second later                B finds the session
#   log in at A, flash a message at B       B's cookie replaces A's: A does not know the user any more either
#   Starlette's SessionMiddleware           finds no session, as Flask
#   Django 5.2.8, signing.loads(max_age=)   takes what was signed at A
# itsdangerous calls a signature of the future SignatureExpired ("Signature age -1 < 0 seconds"), only where a max_age is
# given, and both frameworks take that for no session. Times are whole seconds: with clocks that are 20 ms apart, 2 % of
# the requests that come at once after a login meet it.
#
# Source: itsdangerous, TimestampSigner.unsign, whose documentation speaks of signatures that are older than max_age;
# https://github.com/pallets/itsdangerous/issues/400 is by somebody who met it twice a year and took long to find it.
#
# Why it matters: a login answers with a redirect, which a balancer gives to the other server within milliseconds. The
# same is true of whatever itsdangerous signs for others to read soon: tickets, tokens of forms, links. Who reads them has
# to allow for a difference of clocks: read without max_age, and compare the time with some seconds to spare.
#
# Run it: sh findings/flask-session-clocks.sh. It needs python3 and pip's index; it fails if the behaviour changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check install --quiet flask==3.1.3 itsdangerous==2.2.0 \
    starlette==1.10.0 httpx==0.28.1 django==5.2.8 time-machine==3.2.0

cat >"$folder/finding.py" <<'PYTHON'
import sys
from importlib.metadata import version

import time_machine
from django.conf import settings
from django.core import signing
from flask import Flask, flash, session
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

KEY = "the same on both servers"
app = Flask("finding")
app.secret_key = KEY


@app.get("/login")
def login():
    session["user"] = "ann"
    return "welcome"


@app.get("/who")
def who():
    return session.get("user", "nobody")


@app.get("/save")
def save():
    flash("Saved.")
    return session.get("user", "nobody")


async def starlette_login(request):
    request.session["user"] = "ann"
    return PlainTextResponse("welcome")


async def starlette_who(request):
    return PlainTextResponse(request.session.get("user", "nobody"))


def ask(client, path, clock):
    """The text of a response of a server with this clock, in seconds."""
    with time_machine.travel(clock, tick=False):
        return client.get(path).text


B = 1_800_000_000
A = B + 1
found = {}

browser = app.test_client()
ask(browser, "/login", A)
found["Flask: B asked at once"] = ask(browser, "/who", B)
found["Flask: B a second later"] = ask(browser, "/who", B + 1)

browser = app.test_client()
ask(browser, "/login", A)
ask(browser, "/save", B)
found["Flask: A, after B has flashed"] = ask(browser, "/who", A)

routes = [Route("/login", starlette_login), Route("/who", starlette_who)]
browser = TestClient(Starlette(routes=routes, middleware=[Middleware(SessionMiddleware, secret_key=KEY)]))
ask(browser, "/login", A)
found["Starlette: B asked at once"] = ask(browser, "/who", B)

settings.configure(SECRET_KEY=KEY)
with time_machine.travel(A, tick=False):
    token = signing.dumps("ann")
with time_machine.travel(B, tick=False):
    found["Django: B asked at once"] = signing.loads(token, max_age=60)

print(", ".join(f"{each} {version(each)}" for each in ("itsdangerous", "flask", "starlette", "django")))
for case, user in found.items():
    print(f"{case:30} {user}")
if list(found.values()) != ["nobody", "ann", "nobody", "nobody", "ann"]:
    sys.exit("the behaviour has changed")
PYTHON
"$folder/venv/bin/python" "$folder/finding.py"
