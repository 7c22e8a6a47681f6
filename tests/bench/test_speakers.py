"""People in rooms: how they enter, and how their acknowledgements are counted."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from bench.protocol import PLAIN, client_frame
from bench.rooms import CHAT_ROOMS, SOCKET_IO_ROOMS, RoomDialect
from bench.speakers import PONG, enter

T = TypeVar("T")


async def entered(dialect: RoomDialect, answers: list[bytes], more: list[bytes]) -> tuple[list[bytes], int]:
    """What somebody sends to enter, each with its answer; how many acknowledgements are counted in what comes then."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            asked.append(await reader.read(65536))
            writer.write(answer)
        # What is said first.
        await reader.read(65536)
        for part in more:
            await writer.drain()
            writer.write(part)
            await asyncio.sleep(0)
        writer.close()

    counts: list[int] = []
    over = asyncio.Event()
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        speaker = await enter(server.sockets[0].getsockname()[1], dialect, "ann", "lobby")
        speaker.acknowledged = counts.append
        speaker.transport.set_protocol(Ending(speaker.data_received, over.set))
        speaker.say("lobby", "hello")
        await over.wait()
    return asked, sum(counts)


async def pongs(dialect: RoomDialect, answers: list[bytes]) -> bytes:
    """What somebody sends once they have entered, of their own accord."""
    sent: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.read(65536)
            writer.write(answer)
        sent.set_result(await reader.read(65536))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        await enter(server.sockets[0].getsockname()[1], dialect, "ann", "lobby")
        return await sent


class Ending(asyncio.Protocol):
    """Passes on what comes, and tells when the connection has ended."""

    def __init__(self, received: Callable[[bytes], object], ended: Callable[[], object]) -> None:
        self._received, self._ended = received, ended

    def data_received(self, data: bytes) -> None:
        self._received(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._ended()


def run(work: "Coroutine[Any, Any, T]") -> T:
    return asyncio.run(asyncio.wait_for(work, 60))


def test_acknowledgements_are_counted_once_also_if_they_come_in_parts() -> None:
    answers = [b"HTTP/1.1 101 x\r\n\r\n", b'\x81\x12{"type":"welcome"}', b'\x81\x11{"type":"joined"}']
    said = b'\x81\x0f{"type":"said"}'

    asked, count = run(entered(CHAT_ROOMS, answers, [said + said[:9], said[9:] + said, b'\x81\x12{"type":"message"}']))

    assert asked[0].startswith(b"GET /chat/websocket HTTP/1.1\r\n")
    assert asked[1] == client_frame(b'{"type": "hello", "name": "ann"}', PLAIN)
    assert count == 3


def test_a_ping_is_answered_as_otherwise_the_connection_is_lost() -> None:
    answers = [b"HTTP/1.1 101 x\r\n\r\n", b'\x81\x12{"type":"welcome"}', b'\x89\x00\x81\x11{"type":"joined"}']

    assert run(pongs(CHAT_ROOMS, answers)) == PONG


def test_what_a_server_says_by_itself_may_come_with_the_answer_to_the_request() -> None:
    answers = [b'HTTP/1.1 101 x\r\n\r\n\x81\x020{"sid":1}', b'\x81\x0540{"sid":2}', b"\x81\x09431[true]"]

    asked, count = run(entered(SOCKET_IO_ROOMS, answers, [b"\x81\x09432[true]"]))

    assert [each[6:] for each in asked[1:]] == [b"40", b'421["join","lobby"]']
    assert count == 1
