"""The chat clients of the benchmark measure each answer, and notice what is missing or wrong."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest
from websockets.asyncio.server import ServerConnection, serve

from bench.dialects import CHAT, SOCKET_IO, Dialect
from bench.protocol import ProtocolError
from bench.talking import INTERVAL_SECONDS, talking

SECONDS = 5 * INTERVAL_SECONDS

Answers = Callable[[ServerConnection], Awaitable[None]]


def measured(answers: Answers, name: str, dialect: Dialect = CHAT) -> list[float]:
    """What a client measures with a server that does this after the greeting."""

    async def handle(connection: ServerConnection) -> None:
        await (greet_socket_io if dialect is SOCKET_IO else greet)(connection)
        await answers(connection)

    async def run() -> list[float]:
        async with serve(handle, "127.0.0.1", 0) as server:
            async with talking(server.sockets[0].getsockname()[1], dialect, name) as talk:
                return await talk.run(SECONDS)

    return asyncio.run(run())


async def greet(connection: ServerConnection) -> None:
    for answer in ("welcome", "joined"):
        await connection.recv()
        await connection.send(f'{{"type":"{answer}"}}')


async def greet_socket_io(connection: ServerConnection) -> None:
    await connection.send('0{"sid":"1","upgrades":[],"pingInterval":25000}')
    assert await connection.recv() == "40"
    await connection.send('40{"sid":"2"}')


def said(question: str | bytes) -> str:
    return json.dumps({"type": "said", "room": "lobby", "number": 1, "key": json.loads(question)["key"]})


def test_each_said_is_measured_whatever_comes_between() -> None:
    async def answers(connection: ServerConnection) -> None:
        async for question in connection:
            await connection.send(said(question))
            await connection.send('{"type":"message","room":"lobby","number":1,"name":"a","text":"b"}')

    took = measured(answers, "say")

    assert len(took) == 5
    assert all(0 < each < 5 for each in took)


def test_who_is_answered_in_the_order_of_the_requests() -> None:
    async def answers(connection: ServerConnection) -> None:
        async for _ in connection:
            await connection.send('{"type":"who","room":"lobby","members":[],"count":0,"more":false}')

    assert len(measured(answers, "who")) == 5


def test_questions_are_asked_on_time_although_none_is_answered_yet() -> None:
    async def answers(connection: ServerConnection) -> None:
        questions = [await connection.recv() for _ in range(5)]
        for question in questions:
            await connection.send(said(question))

    took = measured(answers, "say")

    assert took[0] > 3 * INTERVAL_SECONDS
    assert took == sorted(took, reverse=True)


def test_events_of_socket_io_may_come_back_in_any_order_and_its_pings_are_answered() -> None:
    async def answers(connection: ServerConnection) -> None:
        events = [await connection.recv() for _ in range(4)]
        await connection.send("2")
        events.append(await connection.recv())
        events.append(await connection.recv())
        assert "3" in events
        for event in reversed(events):
            if event != "3":
                await connection.send(event)

    assert len(measured(answers, "say", SOCKET_IO)) == 5


def test_a_refusal_is_detected() -> None:
    async def answers(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send('{"type":"error","code":"slow_down","text":"","of":"say","wait":1}')
        await connection.wait_closed()

    with pytest.raises(ProtocolError, match="slow_down"):
        measured(answers, "say")


def test_an_answer_that_comes_twice_is_detected() -> None:
    async def answers(connection: ServerConnection) -> None:
        answer = said(await connection.recv())
        await connection.send(answer)
        await connection.send(answer)
        await connection.wait_closed()

    with pytest.raises(ProtocolError, match="twice"):
        measured(answers, "say")


def test_a_connection_that_the_server_closes_is_detected() -> None:
    async def answers(connection: ServerConnection) -> None:
        await connection.recv()

    with pytest.raises(ProtocolError, match="chat connection failed"):
        measured(answers, "say")
