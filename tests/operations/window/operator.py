"""An operator at the window, with a browser that keeps cookies; everything is in memory."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from twisted.internet.defer import maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from mixsvc.config.settings import ServerSettings
from mixsvc.operations.window.resource import WindowLook, WindowParts, WindowResource
from mixsvc.operations.window.sessions import WindowLogOuts
from mixsvc.pages.auth.ended_logins import EndedLogins
from tests.http.memory_site import MemoryTLSTransport, MemoryTransport, connect, make_site
from tests.operations.window.desk import ImaginaryDesk, a_busy_service

__all__ = ["TOKEN", "WindowTestCase", "Reply", "look"]

TOKEN = "0123456789abcdef"


@cache
def look() -> WindowLook:
    """The same for all tests, as loading it takes time."""
    return WindowLook()


@dataclass(frozen=True)
class Reply:
    status: int
    fields: tuple[tuple[str, str], ...]
    body: str

    @property
    def headers(self) -> Mapping[str, str]:
        return dict(self.fields)

    def proof(self) -> str:
        """What the forms of a page send."""
        found = re.search(r'name="proof" value="([0-9A-Za-z_-]+)"', self.body)
        assert found, self.body
        return found[1]


class WindowTestCase(SynchronousTestCase):
    """Has a window of an imaginary service, and an operator."""

    hosts: tuple[str, ...] = ()
    host = "127.0.0.1:9090"

    def setUp(self) -> None:
        self.clock = Clock()
        self.desk = ImaginaryDesk(a_busy_service())
        self.token_file = Path(self.mktemp()).absolute()
        self.log_outs_file = Path(f"{self.token_file}-logouts")
        self.token_file.parent.mkdir(parents=True, exist_ok=True)
        self.token_file.write_text(TOKEN)
        self.cookies: dict[str, str] = {}
        self.transport: type[MemoryTransport] = MemoryTransport
        self.root = self.opened(str(self.token_file))

    def opened(self, token_file: str) -> Resource:
        """The root of a port with the window."""

        def settings() -> ServerSettings:
            return ServerSettings(hosts=self.hosts, admin_token_file=token_file)

        log_outs = WindowLogOuts(EndedLogins(str(self.log_outs_file)), maybeDeferred)
        window = WindowResource(WindowParts(self.clock, settings, self.desk, log_outs, look()))
        root = Resource()
        root.putChild(b"", window)
        root.putChild(b"window", window)
        return root

    def send(self, method: str, path: str, headers: Mapping[str, str], body: str = "") -> Reply:
        """Send a request as the browser does, and keep the cookies of the response."""
        fields = {"Host": self.host, **headers}
        if self.cookies:
            fields["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body:
            fields["Content-Length"] = str(len(body))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        channel, transport = connect(make_site(self.clock, self.root), self.transport)
        channel.dataReceived("\r\n".join([*lines, "", body]).encode())
        self.clock.pump([0] * 40)
        reply = read(transport.value())
        for name, value in reply.fields:
            if name == "set-cookie":
                self.keep(value)
        return reply

    def keep(self, cookie: str) -> None:
        name, _, rest = cookie.partition("=")
        value = rest.partition(";")[0]
        self.cookies.pop(name, None)
        if value:
            self.cookies[name] = value

    def get(self, path: str = "/", **headers: str) -> Reply:
        return self.send("GET", path, dashed(headers))

    def post(self, path: str, fields: Mapping[str, str], **headers: str) -> Reply:
        return self.send("POST", path, {"Origin": f"http://{self.host}", **dashed(headers)}, urlencode(fields))

    def log_in(self, token: str = TOKEN) -> Reply:
        return self.post("/window/login", {"proof": self.get().proof(), "token": token})

    def do(self, action: str, fields: Mapping[str, str], **headers: str) -> Reply:
        """Send the form of an action; the operator has logged in."""
        return self.post(f"/window/do/{action}", {"proof": self.get().proof(), **fields}, **headers)


class SecureWindowTestCase(WindowTestCase):
    """The same by TLS."""

    def setUp(self) -> None:
        super().setUp()
        self.transport = MemoryTLSTransport


def dashed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def read(data: bytes) -> Reply:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    fields: list[Any] = [line.split(": ", 1) for line in lines]
    return Reply(int(first.split(" ")[1]), tuple((name.lower(), value) for name, value in fields), body.decode())
