"""The load: broadcasts with a window of messages in flight, and echoes; each checks what was delivered."""

import time
from typing import Final

from bench.clients import Client, Crowd
from bench.wire import Bad, client_frame, numbered, numbers

__all__ = ["MESSAGE_BYTES", "Broadcasts", "Echoes"]

MESSAGE_BYTES: Final = 64

# Not measured: servers that compile as they go, and buffers that grow.
WARM_UP_SECONDS: Final = 0.3

# After the last message was sent: how long it may take, and how long nothing more may come.
DRAIN_SECONDS: Final = 20.0
QUIET_SECONDS: Final = 0.05


class Broadcasts:
    """One sends and all get it. Message n is sent when message n - window was delivered to all."""

    def __init__(self, sender: Client, crowd: Crowd, window: int, size: int = MESSAGE_BYTES) -> None:
        """sender: one of the crowd or not; it must read in either case. size: bytes of a message."""
        self.sent = 0
        self._sender = sender
        self._crowd = crowd
        self._window = window
        self._size = size
        # Delivered to all, and how many have no more than that.
        self._level = 0
        self._behind = len(crowd.clients)

    def run(self, seconds: float) -> float:
        """Messages delivered per second. Bad unless each session gets each message once and in order."""
        self.start()
        self.turn_until(time.perf_counter() + min(WARM_UP_SECONDS, seconds))
        before, start = self._crowd.total(), time.perf_counter()
        self.turn_until(start + seconds)
        delivered, took = self._crowd.total() - before, time.perf_counter() - start
        self.check()
        return delivered / took

    def start(self) -> None:
        """Send the first messages; once."""
        self._send()

    def turn_until(self, end: float) -> None:
        """Send and receive until then (by perf_counter)."""
        while time.perf_counter() < end:
            self._receive()
            if not self._behind:
                self._advance()
                self._send()

    def check(self) -> None:
        """Wait for what is on its way; Bad unless everyone got everything once and in order."""
        end = time.perf_counter() + DRAIN_SECONDS
        while self._level < self.sent:
            self._receive()
            if not self._behind:
                self._advance()
            if time.perf_counter() > end:
                raise Bad(f"{self._behind} sessions got {self._level} of {self.sent} messages, and no more came")
        end = time.perf_counter() + QUIET_SECONDS
        while time.perf_counter() < end:
            self._receive()
        _check_counts(self._crowd, self.sent)
        for client in self._crowd.sample:
            if numbers(client.messages()) != list(range(self.sent)):
                raise Bad("a session got messages twice, out of order, or not at all")

    def _receive(self) -> None:
        level, buffer, poll = self._level, self._crowd.buffer, self._crowd.poll
        for client in self._crowd.ready(QUIET_SECONDS):
            before = client.count
            client.receive(buffer, poll)
            if before <= level < client.count:
                self._behind -= 1

    def _advance(self) -> None:
        counts = [client.count for client in self._crowd.clients]
        self._level = min(counts)
        self._behind = counts.count(self._level)

    def _send(self) -> None:
        until = self._level + self._window
        transport = self._sender.transport
        frames = [client_frame(numbered(number, self._size), transport) for number in range(self.sent, until)]
        data = b"".join(frames)
        if self._sender.socket.send(data) != len(data):
            raise Bad("the server does not read what the sender sends")
        self.sent = until


class Echoes:
    """Each sends its next message when the one before has come back."""

    # The numbers that messages carry go round.
    numbers: Final = 100

    def __init__(self, crowd: Crowd) -> None:
        """crowd: clients of an echo service."""
        self._crowd = crowd
        transport = crowd.clients[0].transport
        self._frames = [client_frame(numbered(number, MESSAGE_BYTES), transport) for number in range(self.numbers)]

    def run(self, seconds: float) -> float:
        """Round trips per second. Bad unless each message comes back once and in order."""
        for client in self._crowd.clients:
            client.socket.send(self._frames[0])
        self._turn_until(time.perf_counter() + min(WARM_UP_SECONDS, seconds))
        before, start = self._crowd.total(), time.perf_counter()
        self._turn_until(start + seconds)
        came, took = self._crowd.total() - before, time.perf_counter() - start
        self._check()
        return came / took

    def _turn_until(self, end: float) -> None:
        frames, buffer, poll = self._frames, self._crowd.buffer, self._crowd.poll
        while time.perf_counter() < end:
            for client in self._crowd.ready(QUIET_SECONDS):
                before = client.count
                client.receive(buffer, poll)
                if client.count > before:
                    client.socket.send(frames[client.count % self.numbers])

    def _check(self) -> None:
        """One echo each is on its way. Nothing more is sent."""
        sent = [client.count + 1 for client in self._crowd.clients]
        end = time.perf_counter() + DRAIN_SECONDS
        quiet = 0.0
        while not quiet or time.perf_counter() < quiet:
            for client in self._crowd.ready(QUIET_SECONDS):
                client.receive(self._crowd.buffer, self._crowd.poll)
            if not quiet and all(client.count >= each for client, each in zip(self._crowd.clients, sent, strict=True)):
                quiet = time.perf_counter() + QUIET_SECONDS
            if time.perf_counter() > end:
                raise Bad("not every message came back")
        if [client.count for client in self._crowd.clients] != sent:
            raise Bad("messages came back more than once")
        for client in self._crowd.sample:
            if numbers(client.messages()) != [number % self.numbers for number in range(client.count)]:
                raise Bad("a session got echoes out of order, or not its own")


def _check_counts(crowd: Crowd, sent: int) -> None:
    wrong = [client.count for client in crowd.clients if client.count != sent]
    if wrong:
        raise Bad(f"{len(wrong)} sessions did not get {sent} messages each; one got {wrong[0]}")
