"""The `sockjs` package on aiohttp: an endpoint's handler, and its manager's broadcast."""

import asyncio
import os
import socket

# Both live in the environment of this server alone.
import sockjs  # type: ignore[import-not-found]
from aiohttp import web  # type: ignore[import-not-found]


async def _broadcast(manager: sockjs.SessionManager, session: sockjs.Session, message: sockjs.SockjsMessage) -> None:
    if message.type == sockjs.MsgType.MESSAGE:
        manager.broadcast(message.data)


async def _echo(manager: sockjs.SessionManager, session: sockjs.Session, message: sockjs.SockjsMessage) -> None:
    if message.type == sockjs.MsgType.MESSAGE:
        session.send(message.data)


async def _main() -> None:
    app = web.Application()
    sockjs.add_endpoint(app, _broadcast, name="broadcast", prefix="/broadcast")
    sockjs.add_endpoint(app, _echo, name="echo", prefix="/echo")
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listening:
        await web.SockSite(runner, listening, backlog=1024).start()
        print(f"ready {listening.getsockname()[1]} {os.getpid()}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())
