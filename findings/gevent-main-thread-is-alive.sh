#!/bin/sh
# gevent on Python 3.13: a thread that asks whether the main thread is alive is told yes for as long as it asks.
#
# What one would expect: when the main thread of a program has returned, `threading.main_thread().is_alive()` is False
# for the other threads that Python waits for, patched or not. It was so with gevent up to Python 3.12.
#
# What happens (gevent 26.9.0, CPython 3.13): in a patched program `is_alive()` is False for one turn of the loop only,
# and then True until all threads that are no daemons have ended. A thread that polls every 0.1 s misses that turn. A
# thread that joins the main thread is told in time.
#   plain Python     polling: ended    joining: ended
#   patched          polling: alive    joining: ended
#
# Source: gevent/monkey/_patch_thread_gte313.py, where the patched `threading._shutdown` gives the main thread a handle
# that is never done before it joins the other threads; CPython's own marks it done first and leaves it so. Neither
# gevent's documentation nor its list of changes names the difference.
#
# Why it matters: libraries that keep a thread of their own poll `is_alive()` of the main thread to learn that the
# program ends. crochet 2.1.1's watchdog does so to stop Twisted's reactor. On Python 3.13 such a library never learns of
# it, and the program goes on. Join the main thread in a daemon thread, and watch that one.
#
# Run it: sh findings/gevent-main-thread-is-alive.sh. It needs Python 3.13 and pip's index; it fails if the behaviour
# changes.
set -eu

python=
for candidate in python3.13 "$HOME"/.pyenv/versions/3.13.*/bin/python; do
    # A program of that name may be a shim that refuses.
    "$candidate" -c 'import sys; raise SystemExit(sys.version_info[:2] != (3, 13))' 2>/dev/null && python=$candidate && break
done
if [ -z "$python" ]; then
    echo "Python 3.13 is not here: install it, or put python3.13 on PATH" >&2
    exit 1
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check install --quiet gevent==26.9.0 greenlet==3.5.6

cat >"$folder/finding.py" <<'PYTHON'
import sys

if sys.argv[1] == "patched":
    from gevent import monkey

    monkey.patch_all()

import threading
import time

main_thread = threading.main_thread()


def polling():
    """Asks for two seconds at most."""
    end = time.monotonic() + 2
    while main_thread.is_alive() and time.monotonic() < end:
        time.sleep(0.1)
    print(f"polling: {'alive' if main_thread.is_alive() else 'ended'}", flush=True)


def joining():
    """Waits for two seconds at most."""
    began = time.monotonic()
    main_thread.join(2)
    print(f"joining: {'ended' if time.monotonic() - began < 1 else 'alive'}", flush=True)


for target in (joining, polling):
    threading.Thread(target=target).start()
PYTHON

"$folder/venv/bin/python" -c 'import gevent, sys; print("gevent", gevent.__version__, sys.version.split()[0])'
for kind in plain patched; do
    "$folder/venv/bin/python" "$folder/finding.py" "$kind" | sort | paste -sd ' ' | sed "s/^/$kind: /"
done | tee "$folder/seen"

printf '%s\n' "plain: joining: ended polling: ended" "patched: joining: ended polling: alive" >"$folder/expected"
cmp -s "$folder/seen" "$folder/expected" || {
    echo "This is no longer so; expected:" >&2
    cat "$folder/expected" >&2
    exit 1
}
