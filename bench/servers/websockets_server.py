"""Plain WebSockets: the asyncio server of the `websockets` library and its broadcast."""

import asyncio
import os

from websockets.asyncio.server import ServerConnection, broadcast, serve

_room: set[ServerConnection] = set()


async def _handle(connection: ServerConnection) -> None:
    assert connection.request is not None
    if connection.request.path == "/echo":
        async for message in connection:
            await connection.send(message)
        return
    _room.add(connection)
    try:
        async for message in connection:
            broadcast(_room, message)
    finally:
        _room.discard(connection)


async def _main() -> None:
    async with serve(_handle, "127.0.0.1", 0, backlog=1024) as server:
        print(f"ready {server.sockets[0].getsockname()[1]} {os.getpid()}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
