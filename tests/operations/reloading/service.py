"""A service on a reactor in memory whose settings come from a file, which the test writes."""

import json
import re
import signal
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from shutil import rmtree
from typing import Any, Final

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import ITCPTransport
from twisted.python.failure import Failure
from zope.interface import alsoProvides

from mixsvc.application import authenticator, make_application
from mixsvc.config.ini import Values
from mixsvc.facade import Mix
from mixsvc.operations.operations import ProcessContext
from mixsvc.operations.reloading.reload import ReloadOrigin
from mixsvc.operations.reloading.source import SettingsSource
from mixsvc.operations.reloading.table import PAGES
from mixsvc.service import MixService
from tests.http.memory_site import MemoryTransport
from tests.operations.control.support import WokenReactor

__all__ = ["BASE", "ChatVisitor", "ReloadedService"]

DEADLINE: Final = 60.0

# The settings of the service, by section and key.
BASE: Final[Mapping[str, Mapping[str, str]]] = {
    "server": {"access_log_file": "access.log"},
    "web": {"threads": "2"},
    "rates": {"sources": "archive"},
    "irc": {"listen": "tcp:6667"},
    "storage": {"path": ":memory:"},
}


class ReloadedService:
    """Runs until `end`. folder: where it runs, and where its files are."""

    def __init__(
        self,
        options: Values | None = None,
        has_origin: bool = True,
        environ: Mapping[str, str] | None = None,
        **sections: Mapping[str, str],
    ) -> None:
        """sections: settings besides BASE, for as long as it runs. options: of the command line.

        has_origin: whether it knows its file.
        """
        self.folder = Path(tempfile.mkdtemp())
        self.base = {name: {**BASE.get(name, {}), **sections.get(name, {})} for name in {**BASE, **sections}}
        self.file = self.folder / "mixsvc.ini"
        self.write()
        source = SettingsSource(str(self.file), options or {}, str(self.folder))
        found = source.read().require_valid()
        settings = found.settings.within(str(self.folder))
        self.reactor = WokenReactor()
        self.reactor.from_threads = Queue()
        mix = Mix()
        web = make_application(mix, settings)
        origin = ReloadOrigin(source, found, {PAGES: web.prepare_reload}) if has_origin else None
        who = authenticator(settings, web.pages)
        self.before = {number: signal.getsignal(number) for number in (signal.SIGUSR1, signal.SIGHUP, signal.SIGUSR2)}
        self.service = MixService(
            self.reactor, settings, web.application, who, ProcessContext(environ or {}, origin=origin)
        )
        mix.connect(lambda: self.service.facades)
        self.service.privilegedStartService()
        self.service.startService()
        self.reactor.run()
        self._count = 0

    def write(self, **changes: Mapping[str, str]) -> None:
        """Write the file: the settings of the beginning, and these changes."""
        sections = {name: {**self.base.get(name, {}), **changes.get(name, {})} for name in {**self.base, **changes}}
        lines = [
            f"[{name}]\n" + "".join(f"{key} = {text}\n" for key, text in sections[name].items()) for name in sections
        ]
        self.file.write_text("".join(lines))

    def reload(self, **changes: Mapping[str, str]) -> str:
        """What the action says after the file was written; raises what it fails with."""
        self.write(**changes)
        answer: str = self.reactor.wait_for(self.service.desk.perform("reload", ()))
        return answer

    def end(self) -> None:
        """Stop it, and remove its folder."""
        stopped = self.service.stopService()
        ends = time.monotonic() + DEADLINE
        while not stopped.called and time.monotonic() < ends:
            self.turn()
            self.reactor.advance(0.1)
        for number, handler in self.before.items():
            signal.signal(number, handler)
        rmtree(self.folder)

    def turn(self) -> None:
        """Do what threads have asked for, and what is due."""
        with suppress(Empty):
            self.reactor.from_threads.get(timeout=0.01)()
        self.reactor.advance(0)

    def until(self, is_so: Callable[[], bool]) -> None:
        """Let it work until something is so."""
        ends = time.monotonic() + DEADLINE
        while True:
            self.turn()
            if is_so():
                return
            assert time.monotonic() < ends

    # HTTP

    def connect(self) -> MemoryTransport:
        """A connection to the site. Its `protocol` takes bytes."""
        site = self.reactor.tcpServers[0][1]
        transport = MemoryTransport()
        alsoProvides(transport, ITCPTransport)
        transport.protocol = site.buildProtocol(transport.getPeer())
        transport.protocol.makeConnection(transport)
        return transport

    def send(self, transport: MemoryTransport, head: str, body: bytes = b"") -> None:
        """Send a request. head: its first line without the version, and header fields on further lines."""
        first, *fields = head.split("\n")
        lines = [f"{first} HTTP/1.1", *fields]
        if not any(each.lower().startswith("host:") for each in fields):
            lines.append("Host: x")
        if body and not any(each.lower().startswith("content-length:") for each in fields):
            lines.append(f"Content-Length: {len(body)}")
        transport.protocol.dataReceived("\r\n".join([*lines, "", ""]).encode() + body)

    def ask(self, head: str, body: bytes = b"", transport: MemoryTransport | None = None) -> tuple[int, str, bytes]:
        """The status, the head and the body of one response, on a connection of its own if none is given."""
        used = transport or self.connect()
        used.clear()
        self.send(used, head, body)
        ends = time.monotonic() + DEADLINE
        while (found := _response(used.value())) is None and time.monotonic() < ends:
            self.turn()
        if transport is None:
            self.leave(used)
        assert found is not None, used.value()
        return found

    def leave(self, transport: MemoryTransport) -> None:
        """The client closes its connection."""
        transport.connected = False
        transport.loseConnection()
        if transport.lost is None:
            transport.protocol.connectionLost(Failure(ConnectionDone()))

    def status(self, head: str, body: bytes = b"") -> int:
        """The status of one response."""
        return self.ask(head, body)[0]

    def logged(self) -> str:
        """The last line of the access log, after a request that is logged."""
        self.ask("GET /healthz\nX-Forwarded-For: 1.2.3.4")
        self.reactor.advance(1)
        return (self.folder / "access.log").read_text().splitlines()[-1]

    def visit(self, name: str = "", headers: str = "") -> "ChatVisitor":
        """Somebody in the chat, who has said hello. headers: of each request, each after a line end."""
        self._count += 1
        visitor = ChatVisitor(self, f"s{self._count}", headers)
        wanted = {} if headers and not name else {"name": name or f"N{self._count}"}
        visitor.greeting = visitor.say("hello", **wanted)
        return visitor


class ChatVisitor:
    """A session of the chat by polling."""

    def __init__(self, service: ReloadedService, session: str, headers: str = "") -> None:
        self._service = service
        self._path = f"/chat/000/{session}"
        self._headers = headers
        self.closed: Sequence[Any] = ()
        # The status of the last request that sent something.
        self.sent = 0
        # What has answered hello.
        self.greeting: list[dict[str, Any]] = []
        self._poll()

    def _poll(self) -> list[dict[str, Any]]:
        _, _, body = self._service.ask(f"POST {self._path}/xhr{self._headers}")
        frame = body.decode().strip()
        if frame.startswith("c"):
            self.closed = json.loads(frame[1:])
        return [json.loads(each) for each in json.loads(frame[1:])] if frame.startswith("a") else []

    def say(self, type: str, **fields: object) -> list[dict[str, Any]]:
        """Send a request, and return the events that come next."""
        body = json.dumps([json.dumps({"type": type, **fields})]).encode()
        self.sent = self._service.ask(f"POST {self._path}/xhr_send{self._headers}", body)[0]
        return self.hear() if self.sent == 204 else []

    def hear(self) -> list[dict[str, Any]]:
        """The events that come next."""
        return self._poll() if not self.closed else []

    @property
    def welcome(self) -> dict[str, Any]:
        """What it was told when it came."""
        (found,) = [each for each in self.greeting if each["type"] == "welcome"]
        return found

    def answer(self, type: str, answered: str, **fields: object) -> dict[str, Any]:
        """The event of a type that answers a request."""
        found = self.say(type, **fields)
        while not any(each["type"] == answered for each in found):
            found = self.hear()
        return next(each for each in found if each["type"] == answered)

    def said(self, room: str, text: str) -> int:
        """Say something; returns its number."""
        number: int = self.answer("say", "said", room=room, text=text)["number"]
        return number

    def refusal(self, type: str, **fields: object) -> str:
        """The code of the error that answers a request; "" if it is not refused."""
        found = self.say(type, **fields)
        return next((str(each["code"]) for each in found if each["type"] == "error"), "")


def _response(data: bytes) -> tuple[int, str, bytes] | None:
    """One complete response; None while it is not."""
    head, ends, body = data.partition(b"\r\n\r\n")
    if not ends:
        return None
    text = head.decode("latin-1")
    status = int(text.split(" ")[1])
    if status in (204, 304) or status == 101:
        return status, text, b""
    length = re.search(r"(?i)content-length: (\d+)", text)
    if length is not None:
        return (status, text, body) if len(body) >= int(length[1]) else None
    if not body.endswith(b"0\r\n\r\n"):
        return None
    whole = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        count = int(size, 16)
        whole, body = whole + rest[:count], rest[count + 2 :]
    return status, text, whole
