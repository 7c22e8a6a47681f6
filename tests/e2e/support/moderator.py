"""What a moderator does, over a connection of its own."""

import json
from urllib.request import Request, urlopen

from websockets.sync.client import connect

from tests.e2e.support.service import DEADLINE, Service

__all__ = ["moderate"]


def moderate(service: Service, password: str, **request: object) -> None:
    """Log in as Mona, whom the settings make a moderator with this password, and wait until a request is done."""
    login = json.dumps({"name": "Mona", "password": password}).encode()
    asking = Request(f"{service.url}/api/login", login, {"Content-Type": "application/json"})
    with urlopen(asking, timeout=DEADLINE) as answer:
        cookie = "; ".join(each.partition(";")[0] for each in answer.headers.get_all("Set-Cookie"))
    with connect(f"ws://127.0.0.1:{service.port}/chat/websocket", additional_headers={"Cookie": cookie}) as socket:
        for asked in ({"type": "hello"}, request):
            socket.send(json.dumps(asked))
        while json.loads(socket.recv(DEADLINE))["type"] != "done":
            pass
