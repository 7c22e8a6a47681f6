"""An event stream on aiohttp, as its documentation has streams: a queue and a task for each client."""

import asyncio
import os
import socket

# It lives in the environment of this server alone.
from aiohttp import web  # type: ignore[import-not-found]

EVENT = b"data: bench" + b"x" * 95 + b"\n\n"


async def _main() -> None:
    queues: dict[asyncio.Queue[bytes], None] = {}

    async def events(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        own: asyncio.Queue[bytes] = asyncio.Queue()
        queues[own] = None
        try:
            await response.write(b": \n\n")
            while True:
                await response.write(await own.get())
        finally:
            del queues[own]

    async def publish(request: web.Request) -> web.Response:
        for each in queues:
            each.put_nowait(EVENT)
        return web.Response(text="published\n")

    app = web.Application()
    app.add_routes([web.get("/events", events), web.post("/publish", publish)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listening:
        await web.SockSite(runner, listening, backlog=1024).start()
        print(f"ready {listening.getsockname()[1]} {os.getpid()}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())
