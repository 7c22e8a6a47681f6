"""Nothing but the system calls: what comes is sent to all by a loop over `socket.send`: streams and WebSockets.

No server in Python that sends each client what it gets by itself can be faster. It checks nothing, and takes every
request to come in one piece.
"""

import base64
import hashlib
import os
import select
import socket
from collections.abc import Callable

EVENT = b"id: 1\ndata: bench" + b"x" * 95 + b"\n\n"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: \n\n"
PUBLISHED = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npublished\n"
SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %b\r\n\r\n"
)
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

sends: dict[int, Callable[[bytes], int]] = {}


def _send_all(data: bytes) -> None:
    for send in sends.values():
        send(data)


def _answer(client: socket.socket, data: bytes) -> None:
    """Take a request, or a short masked text frame of a WebSocket."""
    if data[:1] == b"\x81":
        size = data[1] & 0x7F
        text = bytes(each ^ data[2 + at % 4] for at, each in enumerate(data[6 : 6 + size]))
        _send_all(bytes([0x81, size]) + text)
    elif data.startswith(b"POST /publish "):
        _send_all(EVENT)
        client.send(PUBLISHED)
    else:
        key = data.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0]
        client.send(SWITCHING % base64.b64encode(hashlib.sha1(key + GUID).digest()) if key else STREAM)
        sends[client.fileno()] = client.send


def _main() -> None:
    clients: dict[int, socket.socket] = {}
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listening, select.epoll() as poll:
        poll.register(listening, select.EPOLLIN)
        print(f"ready {listening.getsockname()[1]} {os.getpid()}", flush=True)
        while True:
            for number, _ in poll.poll():
                if number == listening.fileno():
                    client, _ = listening.accept()
                    client.setblocking(False)
                    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    clients[client.fileno()] = client
                    poll.register(client, select.EPOLLIN)
                elif data := clients[number].recv(65536):
                    _answer(clients[number], data)
                else:
                    sends.pop(number, None)
                    clients.pop(number).close()


if __name__ == "__main__":
    _main()
