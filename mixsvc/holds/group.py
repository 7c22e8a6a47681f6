"""Clients whose events have the same form, and who are told together: by one loop over their sockets."""

from collections.abc import Sequence
from typing import Final

from mixsvc.holds.forms import CHUNKED, FRAMES, PLAIN, Framing
from mixsvc.holds.reader import HeldReader
from mixsvc.interfaces.topics import TopicBatch
from txsockjs.sockets import SocketWriter, write_to_all

__all__ = ["CHUNKED_STREAMS", "PLAIN_STREAMS", "WEBSOCKETS", "HeldGroup"]


class HeldGroup:
    """The clients of a framing; a ReaderGroup (mixsvc.interfaces.topics). Reactor thread."""

    def __init__(self, framing: Framing) -> None:
        self.framing = framing

    def events(self, readers: Sequence[HeldReader], batch: TopicBatch) -> None:
        """See ReaderGroup. Nobody is called but the system before all who keep up have got their bytes."""
        data = batch.form(self.framing.batch)
        size = len(data)
        alike: list[HeldReader] = []
        others: list[HeldReader] = []
        writers: list[SocketWriter] = []
        for reader in readers:
            sink = reader.sink
            writer = sink.writer
            if writer.ready and reader.numbers is None:
                sink.sent += size
                alike.append(reader)
                writers.append(writer)
            else:
                others.append(reader)
        if not write_to_all(writers, data):
            for reader in alike:
                if not reader.sink.writer.ready:
                    reader.following.pause()
        for reader in others:
            reader.events(batch)


PLAIN_STREAMS: Final = HeldGroup(PLAIN)
CHUNKED_STREAMS: Final = HeldGroup(CHUNKED)
WEBSOCKETS: Final = HeldGroup(FRAMES)
