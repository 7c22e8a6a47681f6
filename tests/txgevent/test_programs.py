"""Programs of their own: what is installed once in a process, patched or not."""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Final

import pytest

from tests.builds import PROJECT
from tests.txgevent.conftest import SECONDS

# Those of twisted.internet.test that try reactors out.
CONFORMANCE: Final = "core fdset process socket stdio tcp threads time tls udp unix".split()

PATCHED: Final = "from gevent import monkey; monkey.patch_all()\n"
# From Python 3.13 on, crochet's watchdog never learns of the end of a patched program's main thread; see
# mixsvc/embedded/crochet_private.py for programs that run the service.
ENDED: Final = "import os; os._exit(0)\n"
INSTALLED: Final = "import txgevent; txgevent.install()\nfrom twisted.internet import reactor\n"


def python(*arguments: str, first: Path = PROJECT, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Runs a program with the project, after the code in `first`."""
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": f"{first}{os.pathsep}{PROJECT}", **environ},
        capture_output=True,
        text=True,
        timeout=4 * SECONDS,
    )


def printed(program: str) -> list[str]:
    """The lines that a program prints; its status must be 0, and it must print nothing on stderr."""
    done = python("-W", "error", "-c", dedent(program))
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.splitlines()


@pytest.fixture(params=["", PATCHED], ids=["unpatched", "patched"])
def start(request: pytest.FixtureRequest) -> str:
    """How a program begins."""
    return f"{request.param}{INSTALLED}"


@pytest.mark.parametrize("module", CONFORMANCE)
def test_it_passes_twisteds_own_tests_of_a_reactor(module: str, tmp_path: Path) -> None:
    done = python("-m", "twisted.trial", "tests.txgevent.conformance", CONFORMANCE=f"test_{module}")

    assert done.returncode == 0, done.stdout
    assert "PASSED" in done.stdout and "Ran 0 tests" not in done.stdout


def test_listing_the_reactors_does_not_import_the_package() -> None:
    program = """
        import sys
        from twisted.application.reactors import getReactorTypes
        print("gevent" in [each.shortName for each in getReactorTypes()])
        print([name for name in sys.modules if name.partition(".")[0] in ("gevent", "txgevent")])
        """

    assert printed(program) == ["True", "[]"]


def test_the_package_is_imported_without_gevent() -> None:
    assert printed("import sys, txgevent, txgevent.interfaces; print('gevent' in sys.modules)") == ["False"]


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert printed("import txgevent; print(hasattr(txgevent, 'nothing'))") == ["False"]


def test_without_gevent_twistd_says_in_one_line_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "gevent.py").write_text("raise ModuleNotFoundError(\"No module named 'gevent'\", name='gevent')")

    program = (
        "import sys; from twisted.scripts.twistd import run; sys.argv = ['twistd', '--reactor=gevent', 'web']; run()"
    )
    done = python("-c", program, first=tmp_path)

    said = [line for line in (done.stdout + done.stderr).splitlines() if "gevent is not installed" in line]
    assert len(said) == 1 and "`pip install gevent` brings it" in said[0]
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_installing_does_not_patch_and_is_refused_a_second_time() -> None:
    program = f"""
        {INSTALLED.replace(chr(10), "; ")}
        from gevent import monkey
        from twisted.internet.error import ReactorAlreadyInstalledError
        print(type(reactor).__name__, monkey.is_module_patched("socket"))
        try:
            txgevent.install()
        except ReactorAlreadyInstalledError:
            print("refused")
        """

    assert printed(program) == ["GeventReactor False", "refused"]


def test_twistd_patches_before_it_installs_the_reactor() -> None:
    program = "import txgevent.twistd; txgevent.twistd.install(); import time; print(time.sleep.__module__)"

    assert printed(program) == ["gevent.hub"]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_ends_a_sleeping_reactor(start: str, name: str) -> None:
    program = f"""
import os, signal, threading
reactor.callWhenRunning(reactor.callLater, 0.05, os.kill, os.getpid(), signal.{name})
reactor.addSystemEventTrigger("during", "shutdown", print, "stopped")
reactor.run()
print("over")
"""

    assert printed(start + program) == ["stopped", "over"]


@pytest.mark.parametrize("use_pty", [False, True])
def test_the_output_and_the_end_of_a_child_process_are_reported(start: str, use_pty: bool) -> None:
    program = f"""
from twisted.internet.protocol import ProcessProtocol
class Child(ProcessProtocol):
    said = b""
    def outReceived(self, data):
        self.said += data
    def processEnded(self, reason):
        print(self.said.strip().decode(), reason.value.exitCode)
        reactor.stop()
reactor.spawnProcess(Child(), "/bin/sh", ["sh", "-c", "echo hello; exit 3"], usePTY={use_pty})
reactor.run()
"""

    assert printed(start + program) == ["hello 3"]


def test_many_children_of_twisted_and_of_gevent_end_side_by_side(start: str) -> None:
    """gevent's loop reaps every child that ends; each end must be reported to the owner of the child."""
    program = """
import gevent.subprocess
from twisted.internet.defer import gatherResults
from twisted.internet.utils import getProcessValue
def children():
    ours = [getProcessValue("/bin/sh", ["-c", f"exit {number}"]) for number in range(10)]
    theirs = [gevent.subprocess.Popen(["/bin/sh", "-c", f"exit {number}"]) for number in range(10)]
    print(txgevent.waitForDeferred(gatherResults(ours)) == [each.wait() for each in theirs] == list(range(10)))
    reactor.callFromThread(reactor.stop)
reactor.callWhenRunning(gevent.spawn, children)
reactor.run()
"""

    assert printed(start + program) == ["True"]


def test_a_child_that_ended_before_the_reactor_ran_is_reported(start: str) -> None:
    program = """
import contextlib, os
from twisted.internet.utils import getProcessValue
value = getProcessValue("/bin/sh", ["-c", "exit 4"])
with contextlib.suppress(ChildProcessError):  # it has been told already
    os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
value.addCallback(lambda status: (print(status), reactor.stop()))
reactor.run()
"""

    assert printed(start + program) == ["4"]


def test_looking_up_a_name_does_not_block_the_reactor() -> None:
    """The same in a patched program and in others: the loop's own function is used."""
    program = """
from twisted.internet.endpoints import HostnameEndpoint, serverFromString
from twisted.internet.protocol import Factory, Protocol
def listening(port):
    HostnameEndpoint(reactor, "localhost", port.getHost().port).connect(Factory.forProtocol(Protocol)).addCallback(
        lambda protocol: (print("connected"), reactor.stop())
    )
serverFromString(reactor, "tcp:0:interface=127.0.0.1").listen(Factory.forProtocol(Protocol)).addCallback(listening)
reactor.run()
"""

    assert printed(INSTALLED + program) == ["connected"]


def test_a_fork_leaves_the_running_reactor_to_its_parent() -> None:
    program = """
import os, sys
import crochet, gevent
crochet.setup()
crochet.wait_for(10)(lambda: None)()
child = os.fork()
name = "parent" if child else "child"
reactor.callFromThread(print, "the reactor runs in the", name, flush=True)
gevent.sleep(0.1)
if not child:
    os._exit(0)
print(os.waitpid(child, 0)[1], flush=True)
"""

    assert printed(PATCHED + INSTALLED + program + ENDED) == ["the reactor runs in the parent", "0"]


def test_crochet_runs_it_in_a_patched_program() -> None:
    program = """
import crochet, gevent, time
crochet.setup()
from twisted.internet.task import deferLater
slept = crochet.wait_for(10)(lambda: deferLater(reactor, 0.05, str, "slept"))
waiting = [gevent.spawn(slept) for _ in range(20)]
began = time.monotonic()
gevent.joinall(waiting)
print({each.value for each in waiting}, time.monotonic() - began < 0.9, flush=True)
"""

    assert printed(PATCHED + INSTALLED + program + ENDED) == ["{'slept'} True"]


def test_pools_of_twisteds_own_end_with_the_reactor_that_twistd_installs() -> None:
    program = """
        from twisted.python.threadpool import ThreadPool
        from txgevent.twistd import install
        install()
        from twisted.internet import reactor
        pool = ThreadPool(1, 2)
        pool.start()
        pool.callInThread(reactor.callFromThread, reactor.stop)
        reactor.addSystemEventTrigger("during", "shutdown", pool.stop)
        reactor.run()
        print("ended")
        """

    assert printed(program) == ["ended"]
