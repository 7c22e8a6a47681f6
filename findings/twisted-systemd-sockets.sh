#!/bin/sh
# Twisted under systemd: a Unix socket unit is dead after the first stop, and of two ListenStream= only the last serves.
#
# What one would expect: the endpoint `systemd:` adopts sockets that belong to systemd, so that a service can be stopped
# and started again while the unit keeps listening, and every ListenStream= line of a unit is served.
#
# What happens (Twisted 26.10.0):
#   systemd:domain=UNIX   When the service stops, Twisted shuts the listening socket down, not only its own descriptor of
#                         it, and unlinks its path. Clients get "No such file or directory" until the unit is
#                         restarted, though the unit still holds the socket; by another link to it, "Connection refused".
#   systemd:domain=INET   The socket is left as it was, as one would expect.
#   two of one name       systemd gives all sockets of a unit one name (FileDescriptorName=, by default the unit's name).
#                         Twisted keeps a dictionary of names, so the last socket is served. Clients of the others are
#                         connected by the kernel and wait for an answer that never comes.
#
# Source: sd_listen_fds(3) and systemd.socket(5), FileDescriptorName=. twisted/internet/unix.py, _fromListeningDescriptor
# (the one in tcp.py keeps the socket from being shut down, this one does not) and connectionLost; and
# twisted/python/systemd.py, inheritedNamedDescriptors. The documentation of `systemd:` says neither.
#
# Why it matters: the first `systemctl restart` of a service behind a Unix socket unit makes it unreachable, while both
# units are "active". A unit that listens at two addresses has two ListenStream= lines.
#
# Run it: sh findings/twisted-systemd-sockets.sh. It needs python3, Linux and pip's index; it fails if the behaviour
# changes. It plays the part of systemd itself: it passes descriptors 3 and on, with the variables LISTEN_*.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check install --quiet twisted==26.10.0

cat >"$folder/finding.py" <<'PYTHON'
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from importlib.metadata import version

SECONDS = 30
UNIT = "web.socket"

# Becomes the service; descriptors are moved away first, as those from 3 on may be in use.
START = """
import json, os, sys
numbers, unit, words = json.loads(sys.argv[1])
moved = [os.dup2(number, 100 + at) for at, number in enumerate(numbers)]
for at, number in enumerate(moved):
    os.dup2(number, 3 + at)
names = ":".join([unit] * len(numbers))
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(numbers)), "LISTEN_FDNAMES": names}
os.execv(words[0], words)
"""


@contextmanager
def service(domain, *listening):
    """`twistd web` with these sockets as descriptors 3 and on, as a socket unit starts it."""
    words = [sys.executable, "-m", "twisted", "web", "--listen", f"systemd:domain={domain}:name={UNIT}", "--path", "."]
    numbers = [each.fileno() for each in listening]
    process = subprocess.Popen(
        [sys.executable, "-c", START, json.dumps([numbers, UNIT, words])], pass_fds=numbers, stdout=subprocess.PIPE, text=True
    )
    if not any("Starting reactor" in line for line in iter(process.stdout.readline, "")):
        sys.exit("twisted did not start")
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=SECONDS)


def tcp():
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setblocking(False)
    return listening


def connects(family, address):
    with socket.socket(family) as client:
        try:
            client.connect(address)
            return "connects"
        except OSError as error:
            return error.strerror


def answers(sock):
    with socket.socket(sock.family) as client:
        client.settimeout(3)
        client.connect(sock.getsockname())
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        try:
            return client.recv(100).split()[1].decode()
        except TimeoutError:
            return "connected, no answer"


print(f"twisted {version('twisted')}")
unix = socket.socket(socket.AF_UNIX)
unix.bind("web.sock")
unix.listen()
unix.setblocking(False)
inet, first, last = tcp(), tcp(), tcp()

# A second name of the socket shows how it is when the first one is gone.
os.link("web.sock", "again.sock")
with service("UNIX", unix):
    assert answers(unix) == "200"
ended = [connects(socket.AF_UNIX, name) for name in ("web.sock", "again.sock")]
print(f"UNIX, after the stop: by its path: {ended[0]}; by a second link: {ended[1]}")

with service("INET", inet):
    assert answers(inet) == "200"
ended.append(connects(socket.AF_INET, inet.getsockname()))
print(f"INET, after the stop: {ended[2]}")

with service("INET", first, last):
    served = (answers(first), answers(last))
print(f"two sockets named {UNIT}: {served}")

if (ended, served) != (["No such file or directory", "Connection refused", "connects"], ("connected, no answer", "200")):
    sys.exit("the behaviour has changed")
PYTHON
cd "$folder"
exec "$folder/venv/bin/python" "$folder/finding.py"
