"""All doors of the chat at one service: what docs/reference/doors.md says, and IRC with the clients that people use."""

import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from werkzeug.security import generate_password_hash

from tests.builds import PROJECT
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.doors import STREAMS, Door, EventsDoor, IrcDoor, SockJSDoor, WebSocketDoor
from tests.e2e.support.service import DEADLINE, Config, Launch, Service
from tests.e2e.support.urls import post
from tests.e2e.support.waiting import wait_until

# Says its first argument once it is inside, and prints each message as JSON.
BOT = """
import json, sys
from twisted.internet import reactor
from mixsvc.client import ChatClient, ChatMessage

client = ChatClient(reactor, sys.argv[1], "Bot")
def heard(event):
    if isinstance(event, ChatMessage):
        print(json.dumps({"number": event.number, "name": event.name, "text": event.text}), flush=True)
client.start()
client.join("lobby", heard).addCallback(lambda _: print("inside", flush=True))
from twisted.internet.stdio import StandardIO
from twisted.protocols.basic import LineReceiver
class Input(LineReceiver):
    delimiter = b"\\n"
    def lineReceived(self, line):
        client.say("lobby", line.decode())
    def connectionLost(self, reason):
        client.stop().addBoth(lambda _: reactor.callLater(0, reactor.stop))
StandardIO(Input())
reactor.run()
"""


@pytest.fixture(scope="module")
def config(config: Config) -> Config:
    """IRC besides, and a moderator with the password "secret"."""
    moderator = f"Mona:{generate_password_hash('secret', 'scrypt:1024:8:1')}"
    chat = {"moderators": moderator, "joins": "100000", "rate": "1000", "burst": "1000"}
    return {**config, "chat": chat, "irc": {"listen": "tcp:0:interface=127.0.0.1"}}


@pytest.fixture(scope="module")
def site(installed: Path, config: Config, tmp_path_factory: pytest.TempPathFactory) -> Launch:
    """Where the service of this module runs."""
    return Launch(installed, tmp_path_factory.mktemp("doors"), config)


@pytest.fixture(scope="module")
def service(site: Launch) -> Iterator[Service]:
    """The service of this module."""
    with Service(site) as running:
        assert running.port
        yield running


@pytest.fixture
def irc(service: Service) -> int:
    """The port for IRC."""
    return int(service.wait_for("mixsvc: IRC on ").rpartition(":")[2])


class BotDoor(Door):
    """The Python client."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        super().__init__()

    def read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.text += line

    def hang_up(self) -> None:
        self._process.kill()

    def say(self, text: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()


@contextmanager
def bot(launch: Launch, port: int) -> Iterator[BotDoor]:
    command = [str(launch.programs / "python"), "-c", BOT, f"ws://127.0.0.1:{port}/chat/websocket"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=launch.environment(), **pipes) as process:
        try:
            yield BotDoor(process)
        finally:
            process.kill()


def talk(service: Service, irc: int, stack: ExitStack) -> dict[str, Door]:
    """Everybody who reads, but for the Python client; the events of rooms have no name."""
    doors: dict[str, Door] = {"websocket": WebSocketDoor(service.port), "irc": IrcDoor(irc)}
    doors["sockjs websocket"] = WebSocketDoor(service.port, "000/ws")
    for each in STREAMS:
        doors[each] = SockJSDoor(service.port, f"000/{each}", each)
    for door in doors.values():
        stack.enter_context(door)
    for name, door in doors.items():
        door.enter(f"At {name}".replace(" ", "-").replace("_", "-"))
    return doors


def writers(service: Service, site: Launch, doors: dict[str, Door]) -> dict[str, Callable[[str], object]]:
    """How each door says something, and the two that only do that: HTTP, and a webhook."""
    token = (site.folder / "api_token").read_text().strip()
    adding = [str(site.programs / "mixsvc"), "webhook", "--config", "mixsvc.ini", "add", "Hook", "lobby"]
    made = subprocess.run(adding, cwd=site.folder, env=site.environment(), capture_output=True, text=True, check=True)

    def publish(text: str) -> None:
        body = json.dumps({"name": "cron", "text": text}).encode()
        headers = {"Authorization": f"Bearer {token}", "Content_Type": "application/json"}
        assert post(f"{service.url}/api/rooms/lobby/messages", body, **headers)[0] == 201

    def deliver(text: str) -> None:
        body, url = json.dumps({"text": text}).encode(), service.url + made.stdout.strip()
        wait_until(lambda: post(url, body, webhook_id=text)[0] == 200, "the webhook is not known")

    return {"http": publish, "webhook": deliver, **{name: door.say for name, door in doors.items()}}


def documented() -> set[str]:
    """The doors of the table in docs/reference/doors.md."""
    page = (PROJECT / "docs" / "reference" / "doors.md").read_text()
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| `")]
    return {row[1].strip().strip("`") for row in rows}


def test_a_line_said_at_any_door_is_read_once_at_all_others_in_one_order(
    service: Service, site: Launch, irc: int
) -> None:
    with ExitStack() as stack:
        python = stack.enter_context(bot(site, service.port))
        doors = {**talk(service, irc, stack), "python": python}
        for name, door in doors.items():
            door.wait_for({"irc": " 366 ", "python": "inside"}.get(name, "joined"))
        speaking = writers(service, site, doors)
        reading = {**doors, "events": stack.enter_context(EventsDoor(service.port))}
        reading["events"].wait_for("\n")

        for name, say in speaking.items():
            say(f"line of {name}")

        for door in reading.values():
            wait_until(partial(has_heard, door, len(speaking)), f"{type(door)}: {door.text[-2000:]}")
        heard, *others = [door.heard() for door in reading.values()]
    assert sorted(text for _, text in heard) == sorted(f"line of {name}" for name in speaking)
    assert heard == sorted(heard) and all(each == heard for each in others)
    assert set(reading) | set(speaking) == documented()


def has_heard(door: Door, count: int) -> bool:
    return len(door.heard()) >= count


def everywhere(port: int, session: str) -> list[Door]:
    """A connection by each transport."""
    return [WebSocketDoor(port), *(SockJSDoor(port, f"000/{session}-{each}", each) for each in STREAMS)]


def test_a_kick_and_a_ban_hold_at_all_doors(service: Service, irc: int) -> None:
    with ExitStack() as stack:
        moderator = stack.enter_context(IrcDoor(irc, "PASS Mona:secret"))
        moderator.enter("Mona")
        moderator.wait_for(" 366 ")
        victims = [stack.enter_context(each) for each in everywhere(service.port, "victim")]
        for each in victims:
            each.enter("Victim", token="the-victims-token")
            each.wait_for("joined")

        moderator.send("KICK #lobby Victim :out")
        for each in victims:
            each.wait_for("kicked")
            each.say("line of somebody who is kicked")
            each.wait_for("not_inside")
        moderator.send("MODE #lobby +b Victim!*@*")
        returned = [stack.enter_context(each) for each in everywhere(service.port, "returned")]
        moderator.wait_for("+b")
        for each in returned:
            each.ask(type="hello", name="victim")
        wait_until(lambda: not any(each.is_open for each in (*victims, *returned)), "somebody who is banned stays")
        back = stack.enter_context(IrcDoor(irc))
        back.enter("VICTIM")
        back.wait_for(" 465 ")
        moderator.send("MODE #lobby -b Victim!*@*")
        moderator.wait_for("-b")
        assert "somebody who is kicked" not in moderator.text


class Terminal:
    """A program that wants a terminal; what it shows is read and thrown away, but for the texts that are looked for."""

    def __init__(self, command: list[str], home: Path) -> None:
        self.text = ""
        self._end, theirs = pty.openpty()
        environ = {**os.environ, "TERM": "xterm", "LANG": "C.UTF-8", "HOME": str(home)}
        self._process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, start_new_session=True
        )
        os.close(theirs)
        Thread(target=self._read, daemon=True).start()

    def type(self, line: str) -> None:
        os.write(self._end, f"{line}\r".encode())

    def close(self) -> None:
        self._process.kill()
        self._process.wait(DEADLINE)

    def _read(self) -> None:
        with suppress(OSError):
            while part := os.read(self._end, 65536):
                self.text += part.decode("utf-8", "replace")


def test_irssi_joins_reads_and_speaks(service: Service, irc: int, tmp_path: Path) -> None:
    assert shutil.which("irssi"), "irssi is not here: run `make test-system` once"
    (tmp_path / "startup").write_text(f"/set nick irssi\n/connect 127.0.0.1 {irc}\n")
    with Chatter(service.port, "Web of irssi") as web:
        terminal = Terminal(["irssi", f"--home={tmp_path}"], tmp_path)
        try:
            wait_until(lambda: "001" in terminal.text or "Welcome" in terminal.text, "irssi is not welcome")
            terminal.type("/join #lobby")
            while web.wait_for("came")["name"] != "irssi":
                pass
            web.say("fromtheweb")
            wait_until(lambda: "fromtheweb" in terminal.text, "irssi shows nothing")
            terminal.type("/msg #lobby grüße aus irssi")
            while web.wait_for("message")["text"] != "grüße aus irssi":
                pass
            terminal.type("/quit")
            while web.wait_for("went")["name"] != "irssi":
                pass
        finally:
            terminal.close()


def test_weechat_joins_reads_and_speaks(service: Service, irc: int, tmp_path: Path) -> None:
    assert shutil.which("weechat-headless"), "weechat-headless is not here: run `make test-system` once"
    commands = [
        "/set logger.file.flush_delay 0",
        f"/server add local 127.0.0.1/{irc} -notls -nicks=weechat",
        '/set irc.server.local.command "/quote JOIN #lobby\\;/quote PRIVMSG #lobby :grüße aus weechat"',
        "/connect local",
    ]
    arguments = [word for each in commands for word in ("-r", each)]
    with Chatter(service.port, "Web of WeeChat") as web:
        command = ["weechat-headless", "-d", str(tmp_path / "weechat"), *arguments]
        environ = {**os.environ, "LANG": "C.UTF-8", "HOME": str(tmp_path)}
        quiet: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.DEVNULL,
        }
        with subprocess.Popen(command, env=environ, **quiet) as process:
            try:
                while web.wait_for("message")["text"] != "grüße aus weechat":
                    pass
                web.say("from the web")
                log = tmp_path / "weechat" / "logs" / "irc.local.#lobby.weechatlog"
                wait_until(lambda: log.exists() and "from the web" in log.read_text(), "WeeChat shows nothing")
            finally:
                process.kill()


# Says something once it is inside, and leaves when somebody says "hello pydle".
PYDLE = """
import asyncio, sys, pydle

class Client(pydle.Client):
    async def on_connect(self):
        await super().on_connect()
        await self.join("#lobby")

    async def on_join(self, channel, user):
        await super().on_join(channel, user)
        if user == self.nickname:
            await self.message(channel, "from pydle")

    async def on_channel_message(self, target, by, message):
        await super().on_channel_message(target, by, message)
        if message == "hello pydle":
            await self.quit("done")

    async def on_disconnect(self, expected):
        await super().on_disconnect(expected)
        self.gone.set()

async def run():
    client = Client("pydle", realname="a program")
    client.gone = asyncio.Event()
    await client.connect("127.0.0.1", int(sys.argv[1]), tls=False)
    await client.gone.wait()

asyncio.run(run())
"""


def test_pydle_joins_reads_and_speaks(service: Service, irc: int) -> None:
    with Chatter(service.port, "Web of pydle") as web:
        # It is in the environment of the tests, and not in the service's.
        with subprocess.Popen([sys.executable, "-c", PYDLE, str(irc)], stderr=subprocess.DEVNULL) as program:
            try:
                while web.wait_for("message")["text"] != "from pydle":
                    pass
                web.say("hello pydle")
                while web.wait_for("went")["name"] != "pydle":
                    pass
                assert program.wait(DEADLINE) == 0
            finally:
                program.kill()
