#!/bin/sh
# twisted.internet.defer.DeferredSemaphore: when a few hundred functions wait for their turn and end at once, tokens are
# lost for good, and nothing runs any more.
#
# What one would expect: DeferredSemaphore(2).run(function) runs two functions at one time, whatever they do, and each
# gives its token back when it has ended.
#
# What happens (Twisted 26.10, Python 3.11): release() fires the next Deferred that waits, within the end of
# the function before. If that function ends at once, it releases within that, and so on: with some 100 such waiting
# (10 frames each) Python's limit of 1000 calls is met. The RecursionError is raised between `tokens = tokens - 1` and
# the function, or in the release itself; Deferred turns it into a Failure of somebody, and the token is not given back.
# From then on `tokens` is too low, often 0: whatever comes waits for ever, and nothing says so.
#
# Source: twisted/internet/defer.py, DeferredSemaphore.release and _ConcurrencyPrimitive.run. DeferredLock is the same.
#
# Why it matters: functions that end at once are what one has when something is wrong: clients that have left while they
# waited, a cache that has the answer by now, a server that refuses. So what was to protect a service ends it.
#
# Run it: sh findings/twisted-deferred-semaphore.sh. It needs python3 (3.11 or later) and pip's index. It fails if the
# behaviour changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check install --quiet twisted==26.10.0

cat >"$folder/finding.py" <<'PYTHON'
from twisted.internet.defer import Deferred, DeferredSemaphore, succeed


def tokens_after(waiting):
    """How many of two tokens are there when two functions, and so many that end at once, have ended."""
    semaphore, running = DeferredSemaphore(2), [Deferred(), Deferred()]
    results = [semaphore.run(lambda each=each: each) for each in running]
    results += [semaphore.run(lambda: succeed(None)) for _ in range(waiting)]
    for each in running:
        each.callback(None)
    for each in results:
        each.addErrback(lambda failure: failure.trap(RecursionError))
    return semaphore.tokens, len(semaphore.waiting)


few, many = tokens_after(10), tokens_after(1000)
print(f"tokens that are free, and what still waits: after 10 functions {few}, after 1000 {many}")
assert few == (2, 0)
assert many[0] < 2, "the behaviour is another one: no token was lost"
PYTHON
"$folder/venv/bin/python" "$folder/finding.py" 2>/dev/null
