"""The clients of a soak: members of the chat, visitors of the pages, clients that do not read, and floods."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, Final

from tests.soak.sessions import TRANSPORTS, Session, SessionClosed, WebSocketSession, get, opened

__all__ = ["Chatter", "Counts", "flooder", "sleeper", "visitor"]

ROOM: Final = "lobby"

# Seconds for which a chatter stays, and is away.
STAY: Final = (1.0, 8.0)
AWAY: Final = (0.1, 2.0)

# Seconds between two messages of one chatter; the default limits allow them.
PAUSE: Final = (0.3, 1.5)


@dataclass
class Counts:
    """What the clients did and saw.

    acknowledged: the number of each text. closed: how often a session ended early, by reason. faults: what they must
    not see.
    """

    acknowledged: dict[str, int] = field(default_factory=dict)
    received: int = 0
    sessions: dict[str, int] = field(default_factory=dict)
    pages: int = 0
    closed: Counter[str] = field(default_factory=Counter)
    slow: int = 0
    slowed_down: int = 0
    faults: list[str] = field(default_factory=list)


class Chatter:
    """A person who connects over one transport after the other, says something now and then, and leaves.

    Notes a fault for each message that is missing or comes twice. is_ending: set it to end `live`.
    """

    def __init__(self, port: int, name: str, counts: Counts, chance: random.Random) -> None:
        self._port = port
        self._name = name
        self._counts = counts
        self._chance = chance
        self._token = token_hex(16)
        self._last: int | None = None
        self._unsent: dict[str, None] = {}
        self._doing = "nothing"
        self.is_ending = False

    def __str__(self) -> str:
        return f"{self._name}: {self._doing}, {len(self._unsent)} texts are not acknowledged"

    async def live(self) -> None:
        """Connect and leave until `is_ending`; returns when every text is acknowledged."""
        while not self.is_ending or self._unsent:
            transport = self._chance.choice(TRANSPORTS)
            try:
                await self._visit(transport)
            except SessionClosed as reason:
                # A late poll may have ended the session; the next join shows whether a message is missing.
                self._counts.closed[f"{transport}: {reason}"] += 1
            self._doing = "away"
            await asyncio.sleep(self._chance.uniform(*AWAY))

    async def _visit(self, transport: str) -> None:
        self._doing = f"opening {transport}"
        session = await opened(self._port, transport)
        self._counts.sessions[transport] = self._counts.sessions.get(transport, 0) + 1
        try:
            # A session over HTTP begins with the first frame that is asked for.
            reading = asyncio.ensure_future(self._read(session.receive))
            talking = asyncio.ensure_future(self._talk(session))
            done, _ = await asyncio.wait((reading, talking), return_when=asyncio.FIRST_COMPLETED)
            for each in (reading, talking):
                each.cancel()
            await asyncio.gather(reading, talking, return_exceptions=True)
            for each in done:
                each.result()
        finally:
            await session.close()

    async def _talk(self, session: Session) -> None:
        await session.is_open.wait()
        self._doing = f"{self._doing}, which is open"
        send = session.send
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
        # Wait for what is under way.
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
                    self._counts.acknowledged[message["key"]] = message["number"]
                    self._unsent.pop(message["key"], None)
                case "error" if message["code"] not in ("slow_down", "busy", "not_saved"):
                    raise SessionClosed(f"refused: {message}")

    def _joined(self, joined: dict[str, Any]) -> None:
        numbers = [each["number"] for each in joined["messages"]]
        if self._last is None:
            self._last = numbers[0] - 1 if numbers else joined["last"]
        for number in numbers:
            self._saw(number)

    def _saw(self, number: int) -> None:
        if self._last is not None and number != self._last + 1:
            self._counts.faults.append(f"{self._name} saw {number} after {self._last}")
        self._last = number
        self._counts.received += 1


async def visitor(port: int, counts: Counts, chance: random.Random) -> None:
    """Fetch pages for ever."""
    paths = ("/", "/api/rates", "/api/rates/EUR/USD", "/api/rooms", "/static/style.css", "/nowhere", "/chat/info")
    while True:
        with suppress(SessionClosed):
            status, _ = await get(port, chance.choice(paths))
            counts.pages += 1
            if status >= 500 and status != 503:
                counts.faults.append(f"a page was answered {status}")
        await asyncio.sleep(chance.uniform(0.01, 0.1))


async def sleeper(port: int, counts: Counts, chance: random.Random) -> None:
    """Join, read nothing for a while, and leave or be closed; for ever."""
    while True:
        with suppress(SessionClosed):
            session = await opened(port, "raw")
            assert isinstance(session, WebSocketSession)
            await session.send(json.dumps({"type": "hello", "name": f"sleeper {token_hex(4)}"}))
            await session.send(json.dumps({"type": "join", "room": ROOM}))
            session.socket.transport.pause_reading()
            try:
                await asyncio.sleep(chance.uniform(2, 6))
            finally:
                session.socket.transport.abort()
                counts.slow += 1


async def flooder(port: int, counts: Counts, chance: random.Random) -> None:
    """Send as much as possible for a second or two, then rest; for ever."""
    say = json.dumps({"type": "say", "room": "flood", "text": "flood"})
    while True:
        with suppress(SessionClosed, TimeoutError):
            session = await opened(port, "raw")
            assert isinstance(session, WebSocketSession)
            await session.send(json.dumps({"type": "hello", "name": f"flooder {token_hex(4)}"}))
            await session.send(json.dumps({"type": "join", "room": "flood"}))
            reading = asyncio.ensure_future(_count_refusals(session.receive, counts))
            try:
                async with asyncio.timeout(chance.uniform(1, 2)):
                    while True:
                        await session.send(say)
                        # It waits only for a full socket, so the other clients of this loop would wait for that, too.
                        await asyncio.sleep(0)
            finally:
                reading.cancel()
                # A close frame would have to wait behind the flood.
                session.socket.transport.abort()
        await asyncio.sleep(chance.uniform(1, 3))


async def _count_refusals(receive: Callable[[], Awaitable[str]], counts: Counts) -> None:
    with suppress(SessionClosed):
        while True:
            if json.loads(await receive()).get("code") == "slow_down":
                counts.slowed_down += 1
