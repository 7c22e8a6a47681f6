"""A WSGI application with a coroutine of asyncio's; run by a service on the asyncio reactor."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.threads import blockingCallFromThread

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


async def asked(port: int) -> bytes:
    """The /chat/info of the same process, read on the same thread and loop through asyncio's streams."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /chat/info HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Wait in a worker thread for a coroutine that runs in the reactor's."""
    from twisted.internet import reactor

    def ask() -> Any:
        return Deferred.fromFuture(asyncio.ensure_future(asked(int(environ["SERVER_PORT"]))))

    found: Any = reactor
    answer: bytes = blockingCallFromThread(found, ask)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [answer]
