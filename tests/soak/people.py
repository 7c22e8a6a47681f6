"""Those who come and go during a soak: chatters, visitors, slow readers, floods."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, Final

from tests.soak.links import TRANSPORTS, Closed, Link, WebSocketLink, get, opened

__all__ = ["Chatter", "Tally", "flooder", "sleeper", "visitor"]

ROOM: Final = "lobby"

# How long one stays, and is away; seconds.
STAY: Final = (1.0, 8.0)
AWAY: Final = (0.1, 2.0)

# Between two messages of one chatter, which the default limits allow.
PAUSE: Final = (0.3, 1.5)


@dataclass
class Tally:
    """What happened."""

    acknowledged: dict[str, int] = field(default_factory=dict)
    received: int = 0
    sessions: dict[str, int] = field(default_factory=dict)
    pages: int = 0
    closed: int = 0
    slow: int = 0
    slowed_down: int = 0
    faults: list[str] = field(default_factory=list)


class Chatter:
    """A person who comes over one transport after the other, says something now and then, and goes, until told to end.

    Checks that what is seen is without a gap and without a double.
    """

    def __init__(self, port: int, name: str, tally: Tally, chance: random.Random) -> None:
        self._port = port
        self._name = name
        self._tally = tally
        self._chance = chance
        self._token = token_hex(16)
        self._last: int | None = None
        self._unsent: dict[str, None] = {}
        self.is_ending = False

    async def live(self) -> None:
        """Come and go; over when everything said is acknowledged."""
        while not self.is_ending or self._unsent:
            transport = self._chance.choice(TRANSPORTS)
            try:
                await self._visit(transport)
            except Closed:
                # A poll that was late may have cost the session; what counts is what is seen after the next join.
                self._tally.closed += 1
            await asyncio.sleep(self._chance.uniform(*AWAY))

    async def _visit(self, transport: str) -> None:
        link = await opened(self._port, transport)
        self._tally.sessions[transport] = self._tally.sessions.get(transport, 0) + 1
        try:
            # A session over HTTP begins with the first frame that is asked for.
            reading = asyncio.ensure_future(self._read(link.receive))
            talking = asyncio.ensure_future(self._talk(link))
            done, _ = await asyncio.wait((reading, talking), return_when=asyncio.FIRST_COMPLETED)
            for each in (reading, talking):
                each.cancel()
            await asyncio.gather(reading, talking, return_exceptions=True)
            for each in done:
                each.result()
        finally:
            await link.close()

    async def _talk(self, link: Link) -> None:
        await link.is_open.wait()
        send = link.send
        await send(json.dumps({"type": "hello", "name": self._name, "token": self._token}))
        await send(json.dumps({"type": "join", "room": ROOM, "since": self._last}))
        for key in tuple(self._unsent):
            await self._say(send, key)
        loop = asyncio.get_running_loop()
        until = loop.time() + self._chance.uniform(*STAY)
        while loop.time() < until and not self.is_ending:
            await asyncio.sleep(self._chance.uniform(*PAUSE))
            key = f"{self._name} {token_hex(6)}"
            self._unsent[key] = None
            await self._say(send, key)
        # For what is on its way.
        for _ in range(50):
            if not self._unsent:
                return
            await asyncio.sleep(0.1)

    async def _say(self, send: Callable[[str], Awaitable[None]], key: str) -> None:
        await send(json.dumps({"type": "say", "room": ROOM, "text": key, "key": key}))

    async def _read(self, receive: Callable[[], Awaitable[str]]) -> None:
        while True:
            message = json.loads(await receive())
            match message["type"]:
                case "joined":
                    self._joined(message)
                case "message":
                    self._saw(message["number"])
                case "said":
                    self._tally.acknowledged[message["key"]] = message["number"]
                    self._unsent.pop(message["key"], None)
                case "error" if message["code"] not in ("slow_down", "busy", "not_saved"):
                    raise Closed(f"refused: {message}")

    def _joined(self, joined: dict[str, Any]) -> None:
        numbers = [each["number"] for each in joined["messages"]]
        if self._last is None:
            self._last = numbers[0] - 1 if numbers else joined["last"]
        for number in numbers:
            self._saw(number)

    def _saw(self, number: int) -> None:
        if self._last is not None and number != self._last + 1:
            self._tally.faults.append(f"{self._name} saw {number} after {self._last}")
        self._last = number
        self._tally.received += 1


async def visitor(port: int, tally: Tally, chance: random.Random) -> None:
    """Fetches pages for ever."""
    paths = ("/", "/api/rates", "/api/rates/EUR/USD", "/api/rooms", "/static/style.css", "/nowhere", "/chat/info")
    while True:
        with suppress(Closed):
            status, _ = await get(port, chance.choice(paths))
            tally.pages += 1
            if status >= 500 and status != 503:
                tally.faults.append(f"a page was answered {status}")
        await asyncio.sleep(chance.uniform(0.01, 0.1))


async def sleeper(port: int, tally: Tally, chance: random.Random) -> None:
    """Joins, reads nothing for a while, and is sent away or goes; for ever."""
    while True:
        with suppress(Closed):
            link = await opened(port, "raw")
            assert isinstance(link, WebSocketLink)
            await link.send(json.dumps({"type": "hello", "name": f"sleeper {token_hex(4)}"}))
            await link.send(json.dumps({"type": "join", "room": ROOM}))
            link.socket.transport.pause_reading()
            try:
                await asyncio.sleep(chance.uniform(2, 6))
            finally:
                link.socket.transport.abort()
                tally.slow += 1


async def flooder(port: int, tally: Tally, chance: random.Random) -> None:
    """Sends as much as it can for a second or two, then rests; for ever."""
    say = json.dumps({"type": "say", "room": "flood", "text": "flood"})
    while True:
        with suppress(Closed, TimeoutError):
            link = await opened(port, "raw")
            assert isinstance(link, WebSocketLink)
            await link.send(json.dumps({"type": "hello", "name": f"flooder {token_hex(4)}"}))
            await link.send(json.dumps({"type": "join", "room": "flood"}))
            reading = asyncio.ensure_future(_count_refusals(link.receive, tally))
            try:
                async with asyncio.timeout(chance.uniform(1, 2)):
                    while True:
                        await link.send(say)
            finally:
                reading.cancel()
                # A goodbye would have to wait behind the flood.
                link.socket.transport.abort()
        await asyncio.sleep(chance.uniform(1, 3))


async def _count_refusals(receive: Callable[[], Awaitable[str]], tally: Tally) -> None:
    with suppress(Closed):
        while True:
            if json.loads(await receive()).get("code") == "slow_down":
                tally.slowed_down += 1
