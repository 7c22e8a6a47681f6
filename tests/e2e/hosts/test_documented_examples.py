"""The examples in docs/reference/sockjs.md, run as they are except for their ports."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from websockets.sync.client import connect

from tests.builds import PROJECT
from tests.e2e.support.service import DEADLINE, Lines
from tests.e2e.support.urls import get_text

BLOCKS = re.findall(r"```python\n(.*?)```", (PROJECT / "docs" / "reference" / "sockjs.md").read_text(), re.DOTALL)

# Listens on a free port and prints it.
BEFORE = """
from twisted.internet import reactor as _reactor
_listen = _reactor.listenTCP
def _said(port, factory):
    print(_listen(0, factory, interface="127.0.0.1").getHost().port, flush=True)
_reactor.listenTCP = _said
"""

ENDPOINT = """
from twisted.internet import reactor
from twisted.internet.endpoints import serverFromString
from twisted.internet.protocol import Factory, Protocol
class Echo(Protocol):
    def dataReceived(self, data):
        self.transport.write(data)
endpoint = serverFromString(reactor, "sockjs:tcp:0:interface=127.0.0.1:sockjs_encoding=utf8")
endpoint.listen(Factory.forProtocol(Echo)).addCallback(lambda port: print(port.getHost().port, flush=True))
reactor.run()
"""


@contextmanager
def running(installed: Path, script: str, ports: int) -> Iterator[list[int]]:
    """Runs the script with the wheel; gives the port that it listens on."""
    command = [str(installed / "python"), "-W", "error", "-c", script]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout
    lines = Lines(process.stdout)
    try:
        yield [int(lines.wait_for(r"^\d+$", after=number)) for number in range(ports)]
    finally:
        process.terminate()
        process.wait(DEADLINE)
        lines.wait_for_end()
    assert "Traceback" not in "\n".join(lines.so_far())


def said(port: int, path: str, *texts: str) -> list[str | bytes]:
    """What comes back over a raw WebSocket for each text."""
    with connect(f"ws://127.0.0.1:{port}{path}/websocket") as client:
        answers = []
        for text in texts:
            client.send(text)
            answers.append(client.recv(timeout=DEADLINE))
        return answers


def test_the_first_example_greets(installed: Path) -> None:
    with (
        running(installed, BEFORE + BLOCKS[0], 1) as (port,),
        connect(f"ws://127.0.0.1:{port}/websocket") as client,
    ):
        assert [client.recv(timeout=DEADLINE), client.recv(timeout=DEADLINE)] == ["hello", "how are you?"]


def test_several_factories_share_a_port_and_a_site_has_others_beside_them(installed: Path) -> None:
    chat = BLOCKS[1].replace("reactor.run()", "")

    script = BEFORE + chat + BLOCKS[2]

    with running(installed, script, 2) as (several, site):
        assert said(several, "/echo", "a", "b") == ["a", "b"]
        assert said(several, "/chat", "a", "b") == ["a", "b"]
        assert said(site, "/chat", "c") == ["c"]
        assert get_text(f"http://127.0.0.1:{site}/chat") == "Welcome to SockJS!\n"


def test_the_endpoint_needs_no_import_of_ours(installed: Path) -> None:
    with running(installed, ENDPOINT, 1) as (port,):
        assert said(port, "", "x") == ["x"]


def test_the_tests_of_an_application_pass(installed: Path) -> None:
    (example,) = [block for block in BLOCKS if "txsockjs.testing" in block]
    script = example + "\n\nimport unittest\n\nunittest.main(argv=['chat', 'ChatTests'])\n"

    done = subprocess.run([str(installed / "python"), "-W", "error", "-c", script], capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, "")
    assert re.search(r"^Ran 3 tests in .*\n\nOK$", done.stderr, re.MULTILINE), done.stderr
