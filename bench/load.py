"""SockJS load: broadcasts with a window of messages in flight, and echoes; both check what was delivered."""

import time
from typing import Final

from bench.clients import Client, ClientGroup
from bench.protocol import ProtocolError, client_frame, numbered, numbers

__all__ = ["MESSAGE_BYTES", "Broadcasts", "Echoes"]

MESSAGE_BYTES: Final = 64

# Not measured: just-in-time compilers warm up, and buffers grow.
WARM_UP_SECONDS: Final = 0.3

# After the last message was sent: how long it may take, and how long nothing more may come.
DRAIN_SECONDS: Final = 60.0
QUIET_SECONDS: Final = 0.05


class Broadcasts:
    """One client sends to all. Message n is sent when message n - window was delivered to all."""

    def __init__(self, sender: Client, group: ClientGroup, window: int, size: int = MESSAGE_BYTES) -> None:
        """sender: in the group or not; it must receive in either case. size: bytes of a message."""
        self.sent = 0
        self._sender = sender
        self._group = group
        self._window = window
        self._size = size
        # How many messages were delivered to all, and how many clients have no more than that.
        self._level = 0
        self._behind = len(group.clients)

    def run(self, seconds: float) -> float:
        """Messages delivered per second. Raises ProtocolError unless each session gets each once and in order."""
        self.start()
        self.run_until(time.perf_counter() + min(WARM_UP_SECONDS, seconds))
        before, start = self._group.total(), time.perf_counter()
        self.run_until(start + seconds)
        delivered, took = self._group.total() - before, time.perf_counter() - start
        self.check()
        return delivered / took

    def start(self) -> None:
        """Send the first messages. Called once."""
        self._send()

    def run_until(self, end: float) -> None:
        """Send and receive until this moment of time.perf_counter."""
        while time.perf_counter() < end:
            self._receive()
            if not self._behind:
                self._advance()
                self._send()

    def check(self) -> None:
        """Wait for the messages under way. Raises ProtocolError unless each session got each once and in order."""
        end = time.perf_counter() + DRAIN_SECONDS
        while self._level < self.sent:
            self._receive()
            if not self._behind:
                self._advance()
            if time.perf_counter() > end:
                raise ProtocolError(
                    f"{self._behind} sessions got {self._level} of {self.sent} messages, and no more came"
                )
        end = time.perf_counter() + QUIET_SECONDS
        while time.perf_counter() < end:
            self._receive()
        _check_counts(self._group, self.sent)
        for client in self._group.sample:
            if numbers(client.messages()) != list(range(self.sent)):
                raise ProtocolError("a session got messages twice, out of order, or not at all")

    def _receive(self) -> None:
        level, buffer, poll = self._level, self._group.buffer, self._group.poll
        for client in self._group.ready(QUIET_SECONDS):
            before = client.count
            client.receive(buffer, poll)
            if before <= level < client.count:
                self._behind -= 1

    def _advance(self) -> None:
        counts = [client.count for client in self._group.clients]
        self._level = min(counts)
        self._behind = counts.count(self._level)

    def _send(self) -> None:
        until = self._level + self._window
        transport = self._sender.transport
        frames = [client_frame(numbered(number, self._size), transport) for number in range(self.sent, until)]
        data = b"".join(frames)
        if self._sender.socket.send(data) != len(data):
            raise ProtocolError("the server does not read the sender's messages")
        self.sent = until


class Echoes:
    """Each client sends its next message when the one before has come back."""

    # The numbers of the messages begin again after this many.
    numbers: Final = 100

    def __init__(self, group: ClientGroup) -> None:
        """group: clients of an echo service."""
        self._group = group
        transport = group.clients[0].transport
        self._frames = [client_frame(numbered(number, MESSAGE_BYTES), transport) for number in range(self.numbers)]

    def start(self, seconds: float = WARM_UP_SECONDS) -> None:
        """Send the first messages, and go on for so long. Called once."""
        for client in self._group.clients:
            client.socket.send(self._frames[0])
        self._run_until(time.perf_counter() + seconds)

    def run(self, seconds: float) -> tuple[int, float]:
        """The messages that came back in about this time, and the time in seconds."""
        before, start = self._group.total(), time.perf_counter()
        self._run_until(start + seconds)
        return self._group.total() - before, time.perf_counter() - start

    def _run_until(self, end: float) -> None:
        frames, buffer, poll = self._frames, self._group.buffer, self._group.poll
        while time.perf_counter() < end:
            for client in self._group.ready(QUIET_SECONDS):
                before = client.count
                client.receive(buffer, poll)
                if client.count > before:
                    client.socket.send(frames[client.count % self.numbers])

    def check(self) -> None:
        """Wait for the one echo of each client that is under way.

        Raises ProtocolError unless each message came back once and in order.
        """
        sent = [client.count + 1 for client in self._group.clients]
        end = time.perf_counter() + DRAIN_SECONDS
        quiet = 0.0
        while not quiet or time.perf_counter() < quiet:
            for client in self._group.ready(QUIET_SECONDS):
                client.receive(self._group.buffer, self._group.poll)
            if not quiet and all(client.count >= each for client, each in zip(self._group.clients, sent, strict=True)):
                quiet = time.perf_counter() + QUIET_SECONDS
            if time.perf_counter() > end:
                raise ProtocolError("not every message came back")
        if [client.count for client in self._group.clients] != sent:
            raise ProtocolError("messages came back more than once")
        for client in self._group.sample:
            if numbers(client.messages()) != [number % self.numbers for number in range(client.count)]:
                raise ProtocolError("a session got echoes out of order, or not its own")


def _check_counts(group: ClientGroup, sent: int) -> None:
    wrong = [client.count for client in group.clients if client.count != sent]
    if wrong:
        raise ProtocolError(f"{len(wrong)} sessions did not get {sent} messages each; one got {wrong[0]}")
