#!/bin/sh
# Twisted: when a coroutine leaves `async for` early, the generator's clean-up stops for good at the first await that
# has to wait, and Twisted's log does not say so.
#
# What one would expect: PEP 525 lets an event loop finish generators that were left: Python hands them over by
# sys.set_asyncgen_hooks(), and asyncio runs their `finally` to its end, awaits and all. So does Twisted.
#
# What happens (Twisted 26.10.0, CPython 3.11 to 3.13; a generator with `finally: await wait(); closed()`, which is left
# by `break` or by an exception after its first value):
#   asyncio alone                                 closed
#   Twisted, its default reactor                  stops at the await; "async generator ignored GeneratorExit" goes to
#                                                 sys.unraisablehook, thus to stderr, and not to the log
#   Twisted, asyncio's reactor                    stops at the await: asyncio takes the generator over, as a task, in
#                                                 which a Deferred is a "bad yield"; the error goes to asyncio's log
#   Twisted, wait() returns succeed(None)         closed, as nothing has to wait: tests with a fake see no difference
#   Twisted, `async with aclosing(generator)`     closed
#
# Source: https://peps.python.org/pep-0525/#finalization. No file of Twisted calls sys.set_asyncgen_hooks, and
# https://docs.twisted.org/en/stable/core/howto/defer-intro.html ("Coroutines with async/await") does not speak of it.
#
# Why it matters: `async for row in rows(): ... break` over pages of a database, an event stream or a response keeps its
# connection, lock or semaphore for ever, and the same generator is sound under asyncio. Where the log is a file and
# stderr is nobody's, nothing is seen but a pool that runs dry. Write contextlib.aclosing around each such loop.
#
# Run it: sh findings/twisted-async-generators.sh. It needs CPython 3.10 or later as python3 and pip's index; it fails
# if the behaviour changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check install --quiet twisted==26.10.0

cat >"$folder/finding.py" <<'PYTHON'
import asyncio
import platform
import sys
from contextlib import aclosing
from importlib.metadata import version

if "asyncio" in sys.argv:
    from twisted.internet import asyncioreactor

    asyncioreactor.install()
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import deferLater, react
from twisted.logger import globalLogBeginner

happened, logged = [], []


async def rows(wait):
    try:
        yield 1
        yield 2
    finally:
        happened.append("closing")
        await wait()
        happened.append("closed")


async def use_break(wait):
    async for _ in rows(wait):
        break


async def use_error(wait):
    try:
        async for _ in rows(wait):
            raise LookupError
    except LookupError:
        pass


async def use_aclosing(wait):
    async with aclosing(rows(wait)) as generator:
        async for _ in generator:
            break


async def found(use, wait, pause):
    happened.clear()
    await use(wait)
    await pause(0.2)
    return list(happened)


async def with_twisted(reactor):
    def pause(seconds=0.01):
        return deferLater(reactor, seconds, lambda: None)

    globalLogBeginner.beginLoggingTo([logged.append], redirectStandardIO=False)
    sys.unraisablehook = lambda what: happened.append(str(what.exc_value))
    # From here on the reactor runs.
    await pause()
    logged.clear()
    if "asyncio" in sys.argv:
        asyncio.get_running_loop().set_exception_handler(
            lambda _, what: happened.append(str(what["exception"]).partition(":")[0])
        )
    error = "Task got bad yield" if "asyncio" in sys.argv else "async generator ignored GeneratorExit"
    expected = {
        (use_break, pause): ["closing", error],
        (use_error, pause): ["closing", error],
        (use_break, lambda: succeed(None)): ["closing", "closed"],
        (use_aclosing, pause): ["closing", "closed"],
    }
    seen = {case: await found(*case, pause) for case in expected}
    for (use, wait), each in seen.items():
        print(f"{type(reactor).__name__}: {use.__name__}, {wait.__name__.replace('<lambda>', 'succeed')}: {each}")
    print(f"events in Twisted's log: {len(logged)}")
    if seen != expected or logged:
        sys.exit(f"the behaviour has changed: expected {list(expected.values())} and no event")


async def with_asyncio():
    seen = [await found(use, lambda: asyncio.sleep(0.01), asyncio.sleep) for use in (use_break, use_error)]
    print(f"Twisted {version('twisted')}, {platform.python_implementation()} {platform.python_version()}")
    print(f"asyncio alone: {seen}")
    if seen != [["closing", "closed"]] * 2:
        sys.exit("the behaviour has changed")


if "alone" in sys.argv:
    asyncio.run(with_asyncio())
else:
    react(lambda reactor: Deferred.fromCoroutine(with_twisted(reactor)))
PYTHON
for loop in alone default asyncio; do
    "$folder/venv/bin/python" "$folder/finding.py" "$loop"
done
