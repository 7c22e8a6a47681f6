"""The chat client against the real service, which is killed meanwhile; and the example in docs/reference/client.md."""

import re
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from tests.builds import PROJECT
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.service import DEADLINE, Launch, Lines, Service
from tests.txsockjs.certificate import write_certificate

EXAMPLE, *_ = re.findall(r"```python\n(.*?)```", (PROJECT / "docs" / "reference" / "client.md").read_text(), re.DOTALL)

TEXTS = 300
KILLED_AFTER = 100

# Says so many texts in order and prints what is acknowledged and what arrives.
TALKER = """
import sys
from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from mixsvc.client import ChatClient, Offline

client = ChatClient(reactor, sys.argv[1], "Talker")
client.start()
client.on_state(lambda state: isinstance(state, Offline) and print("offline", flush=True))
told = []

def heard(message):
    told.append(message.number)
    print("told", message.number, message.text, flush=True)
    if len(told) == TEXTS:
        gatherResults(answers).addCallback(lambda _: client.stop()).addCallback(lambda _: reactor.stop())

client.join("lobby", heard, 0)
answers = [client.say("lobby", f"text {index}") for index in range(TEXTS)]
for index, answer in enumerate(answers):
    answer.addCallback(lambda number, index=index: print("stored", index, number, flush=True) or number)
reactor.run()
""".replace("TEXTS", str(TEXTS))


# A client that trusts the certificate connects, and one that does not is refused.
SECURE = """
import sys
from twisted.internet import reactor
from twisted.internet.ssl import Certificate, trustRootFromCertificates
from mixsvc.client import ChatClient, Offline, Options

with open(sys.argv[2]) as file:
    certificate = Certificate.loadPEM(file.read())
trusting = ChatClient(reactor, sys.argv[1], "Ann", options=Options(trust=trustRootFromCertificates([certificate])))
other = ChatClient(reactor, sys.argv[1], "Bob")
other.start().addCallbacks(lambda _: print("let in", flush=True), lambda _: None)

def state(now):
    if isinstance(now, Offline):
        print("kept out:", now.reason, flush=True)
        other.stop().addCallback(lambda _: trusting.start()).addCallback(lambda _: print("online", flush=True)) \\
            .addCallback(lambda _: trusting.stop()).addBoth(lambda _: reactor.stop())

other.on_state(state)
reactor.run()
"""


@contextmanager
def running(launch: Launch, script: str, *arguments: str) -> Iterator[Lines]:
    """Runs the script with the wheel and returns what it prints. The script must end by itself."""
    command = [str(launch.programs / "python"), "-W", "error", "-c", script, *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=launch.environment()
    )
    assert process.stdout
    lines = Lines(process.stdout)
    try:
        yield lines
        assert process.wait(DEADLINE) == 0, lines.so_far()
        lines.wait_for_end()
    finally:
        process.kill()
        process.wait(DEADLINE)


def url(service: Service) -> str:
    return f"ws://127.0.0.1:{service.port}/chat/websocket"


def stored(launch: Launch) -> list[tuple[int, str]]:
    with closing(sqlite3.connect(launch.folder / "mixsvc.sqlite3")) as database:
        return database.execute("SELECT number, text FROM message WHERE room = 'lobby' ORDER BY number").fetchall()


def test_over_a_killed_service_each_text_is_stored_once_and_each_message_told_once(
    start: Callable[[Launch], Service], launch: Launch
) -> None:
    launch = launch.having(chat={"rate": "100000", "burst": "100000", "joins": "100000"})
    service = start(launch)
    with running(launch, TALKER, url(service)) as lines:
        lines.wait_for(f"^stored {KILLED_AFTER} ")
        port = service.port
        service.kill()
        lines.wait_for("^offline$")
        start(replace(launch, options=("--port", str(port))))

    printed = lines.so_far()
    expected = [(index + 1, f"text {index}") for index in range(TEXTS)]
    assert stored(launch) == expected
    assert [line for line in printed if line.startswith("told")] == [
        f"told {number} {text}" for number, text in expected
    ]
    assert [line for line in printed if line.startswith("stored")] == [f"stored {i} {i + 1}" for i in range(TEXTS)]
    assert "Traceback" not in "\n".join(printed)


def test_the_example_answers(service: Service, launch: Launch) -> None:
    with running(launch, EXAMPLE, url(service), "2") as lines, Chatter(service.port, "Ann") as ann:
        lines.wait_for("^inside$")
        for _ in range(2):
            ann.say("ping")
            while ann.wait_for("message")["text"] != "pong, Ann":
                pass

    assert len([line for line in lines.so_far() if line.startswith("answered with message ")]) == 2


def test_a_certificate_is_checked(start: Callable[[Launch], Service], launch: Launch) -> None:
    key, certificate = write_certificate(launch.folder / "tls")
    listen = f"ssl:0:interface=127.0.0.1:privateKey={key}:certKey={certificate}"
    service = start(replace(launch, options=("--listen", listen)))
    address = f"wss://localhost:{service.port}/chat/websocket"

    with running(launch, SECURE, address, str(certificate)) as lines:
        lines.wait_for("^online$")

    printed = lines.so_far()
    assert printed[0].startswith("kept out: ") and "certificate verify failed" in printed[0]
    assert printed[1:] == ["online"]
