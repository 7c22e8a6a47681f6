#!/bin/sh
# uWSGI does not find an application that its module makes in __getattr__ (PEP 562).
#
# What one would expect: `--module shop --callable application` is `from shop import application`, and so calls the
# module's __getattr__ where the module has no such name yet, as gunicorn does.
#
# What happens (uWSGI 2.0.31, gunicorn 27.0.1 beside it; `shop` has a __getattr__ that says in a file that it is called):
#   gunicorn shop:application                  __getattr__ is called, the application is found
#   uwsgi --module shop --callable application __getattr__ is not called: "unable to load app 0 (mountpoint='') (callable
#                                              not found or import error)"
#   uwsgi --module beside --callable application, where beside.py is `from shop import application`
#                                              __getattr__ is called, the application is found
# uWSGI looks into the dictionary of the module (PyDict_GetItemString), and does not get its attribute. Without --need-
# app uWSGI goes on and answers "Internal Server Error" to each request.
#
# Source: the end of uwsgi_uwsgi_loader in plugins/python/pyloader.c of uWSGI 2.0.31; https://peps.python.org/pep-0562/:
# "If an attribute is not found on a module object through the normal lookup (i.e. object.__getattribute__), then
# __getattr__ is searched in the module __dict__".
#
# Why it matters: a module that makes its application when it is asked for starts nothing at its import, which is good
# for tests and tools. Under uWSGI its name looks misspelt. A file of one line that imports the name is enough.
#
# Run it: sh findings/uwsgi-module-getattr.sh. It needs Linux, python3, a C compiler and pip's index (uWSGI is built).
# It fails if the behaviour changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check install --quiet uwsgi==2.0.31 gunicorn==27.0.1
cd "$folder"

cat >shop.py <<'PYTHON'
from pathlib import Path


def serve(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"fine\n"]


def __getattr__(name):
    if name == "application":
        Path("called").touch()
        return serve
    raise AttributeError(name)
PYTHON
echo "from shop import application" >beside.py

changed=""
# Says whether __getattr__ was called and the application found; expected: the same words.
tell() {
    calls=no
    [ ! -e called ] || calls=yes
    rm -f called
    echo "$1: __getattr__ is called: $calls, the application is found: $2"
    [ "$calls $2" = "$3" ] || changed=yes
}

# Whether uWSGI finds the application of a module; it ends by itself if it does not.
load() {
    venv/bin/uwsgi --socket "$folder/socket" --need-app --die-on-term --module "$1" --callable application >log 2>&1 &
    server=$!
    found=""
    while [ -z "$found" ]; do
        sleep 0.1
        if grep -q "ready in" log; then
            found=yes
        elif ! kill -0 "$server" 2>/dev/null; then
            found=no
        fi
    done
    kill "$server" 2>/dev/null || true
    wait "$server" || true
}

echo "uWSGI $(venv/bin/uwsgi --version), $(venv/bin/gunicorn --version), $(python3 --version)"
found=yes
venv/bin/gunicorn --check-config shop:application || found=no
tell "gunicorn shop:application" "$found" "yes yes"
load shop
tell "uwsgi --module shop" "$found" "no no"
load beside
tell "uwsgi --module beside" "$found" "yes yes"
[ -z "$changed" ] || { echo "the behaviour has changed" >&2; exit 1; }
