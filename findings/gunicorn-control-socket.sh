#!/bin/sh
# gunicorn: servers of one user share one control socket without being told to: the last one to start takes it from the
# others, and whoever ends first removes it, also at the end of an upgrade by USR2.
#
# What one would expect: `gunicornc` is new and nobody asked for it, so two servers of one user (two sites, or the old and
# the new one of an upgrade without downtime, which gunicorn's documentation does with USR2, WINCH and QUIT) do not know
# of each other; or the second one says that the path is taken, as for a port or a pidfile.
#
# What happens (gunicorn 27.0.1, default settings but for the ports):
#   one server                            ~/.gunicorn/gunicorn.ctl is there
#   a second one on another port          takes the path, without a word: `gunicornc` speaks with it alone
#   the second one ends                   the path is gone: `gunicornc` fails, while the first one serves on
#   USR2, then QUIT to the old server     the old one removes the path of the new one: no control after an upgrade
# `worker add`, `reload` and `shutdown` thus reach the server that started last, whichever the operator means.
#
# Source: https://docs.gunicorn.org/en/stable/settings.html, "control_socket" (the default path depends on the user only)
# and https://docs.gunicorn.org/en/stable/signals.html, "Upgrading to a new binary on the fly". At its start the server
# removes what is at the path before it binds, and at its end it removes the path by name.
#
# Why it matters: who hosts two applications under one account, or upgrades by USR2, gives each server a
# `--control-socket` of its own, or `--no-control-socket`. The socket's thread in the master also means that later
# workers are forked from a process with threads, which Python 3.12 and later warn of.
#
# Run it: sh findings/gunicorn-control-socket.sh. It needs Linux, python3 and pip's index. It fails if the behaviour
# changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check install --quiet gunicorn==27.0.1
mkdir "$folder/home"
cat >"$folder/app.py" <<'PYTHON'
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
PYTHON

cat >"$folder/finding.py" <<'PYTHON'
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

BIN, FOLDER = Path(sys.executable).parent, Path(sys.argv[1])
ENVIRON = {**os.environ, "HOME": str(FOLDER / "home"), "XDG_RUNTIME_DIR": ""}
CONTROL = FOLDER / "home" / ".gunicorn" / "gunicorn.ctl"
started = []


def wait_for(what, found):
    end = time.monotonic() + 30
    while not found():
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.05)


def start(name):
    """A server whose control socket listens."""
    log, pidfile = FOLDER / f"{name}.log", FOLDER / f"{name}.pid"
    words = ["-b", "127.0.0.1:0", "--log-file", str(log), "--pid", str(pidfile), "app:app"]
    server = subprocess.Popen([BIN / "gunicorn", *words], env=ENVIRON, cwd=FOLDER)
    started.append(server.pid)
    wait_for(name, lambda: log.exists() and "Control socket listening" in log.read_text())
    return server


def controlled():
    """The process that gunicornc speaks with; None if there is none."""
    asked = subprocess.run([BIN / "gunicornc", "-j", "-c", "show all"], env=ENVIRON, capture_output=True, text=True)
    return json.loads(asked.stdout)["arbiter"]["pid"] if asked.returncode == 0 else None


def ends(pid):
    os.kill(pid, signal.SIGQUIT)
    wait_for(f"the end of {pid}", lambda: pid not in alive())


def alive():
    for pid in started:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            pass
    return {pid for pid in started if Path(f"/proc/{pid}/stat").exists()}


def main():
    one = start("one")
    alone = controlled() == one.pid
    two = start("two")
    taken = controlled() == two.pid
    ends(two.pid)
    after = (one.pid in alive(), CONTROL.exists(), controlled())
    ends(one.pid)

    old = start("old")
    os.kill(old.pid, signal.SIGUSR2)
    log, renamed = FOLDER / "old.log", FOLDER / "old.pid.2"
    wait_for("the new server", lambda: log.read_text().count("Control socket listening") == 2 and renamed.exists())
    new = int(renamed.read_text())
    started.append(new)
    during = controlled() == new
    ends(old.pid)
    upgraded = (new in alive(), CONTROL.exists(), controlled())

    seen = {
        "one server is reached": alone,
        "the second one is reached in its place": taken,
        "after the second one's end: the first one lives, the path is there, is reached": after,
        "after USR2 the new one is reached": during,
        "after the old one's end: the new one lives, the path is there, is reached": upgraded,
    }
    for what, found in seen.items():
        print(f"{what}: {found}")
    expected = [True, True, (True, False, None), True, (True, False, None)]
    if list(seen.values()) != expected:
        sys.exit(f"the behaviour has changed: expected {expected}")


try:
    main()
finally:
    for pid in alive():
        os.kill(pid, signal.SIGTERM)
        wait_for(f"the end of {pid}", lambda pid=pid: pid not in alive())
PYTHON
"$folder/venv/bin/python" "$folder/finding.py" "$folder"
