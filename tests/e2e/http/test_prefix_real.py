"""Below a path of another site, which the real nginx removes: with the example of docs/how-to/operations.md."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPSConnection
from pathlib import Path, PurePosixPath
from urllib.parse import urljoin

import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.builds import PROJECT
from tests.e2e.support.proxies import Proxy, nginx_below
from tests.e2e.support.service import DEADLINE, Launch, Service

EXAMPLE = re.findall(r"```nginx\n(.*?)```", (PROJECT / "docs" / "how-to" / "operations.md").read_text(), re.DOTALL)[-1]


@pytest.fixture
def proxy(start: Callable[[Launch], Service], launch: Launch, tmp_path: Path) -> Iterator[Proxy]:
    service = start(launch.having(server={"trusted_proxies": "127.0.0.1"}))
    with nginx_below(tmp_path / "proxy", service.port, EXAMPLE) as found:
        yield found


def ask(proxy: Proxy, method: str, path: str, body: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
    """Status, headers (names in small letters) and body."""
    with closing(HTTPSConnection("localhost", proxy.tls_port, timeout=DEADLINE, context=proxy.context)) as connection:
        connection.request(
            method, path, body.encode(), {name.replace("_", "-"): each for name, each in headers.items()}
        )
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()


def test_everything_is_found_below_the_path(proxy: Proxy) -> None:
    origin = f"https://localhost:{proxy.tls_port}"
    assert ask(proxy, "GET", "/mix")[1]["location"] == f"{origin}/mix/"
    status, _, page = ask(proxy, "GET", "/mix/", X_Forwarded_Prefix="/evil")
    assert status == 200
    addresses = re.findall(r'(?:src|href|data-url|data-session|data-prefix)="([^"#][^"]*)"', page)
    kinds = {PurePosixPath(address).suffix or address for address in addresses}
    assert {".svg", ".css", ".js", "/mix/chat", "/mix/api/session", "/mix/api/rates"} <= kinds
    for address in addresses:
        assert address.startswith("/mix/")
        assert ask(proxy, "GET", urljoin("/mix/", address))[0] == 200, address

    status, headers, _ = ask(proxy, "POST", "/mix/api/session", '{"name": "Ann"}', Content_Type="application/json")
    assert status == 200
    assert "; Path=/mix;" in headers["set-cookie"] + ";"

    cookie = headers["set-cookie"].partition(";")[0]
    url = f"wss://localhost:{proxy.tls_port}/mix/chat/000/a/websocket"
    with connect(url, ssl=proxy.context, additional_headers={"Cookie": cookie}, origin=Origin(origin)) as socket:
        assert socket.recv(DEADLINE) == "o"
        socket.send(json.dumps([json.dumps({"type": "hello"})]))
        welcome = json.loads(json.loads(str(socket.recv(DEADLINE))[1:])[0])
    assert (welcome["type"], welcome["name"]) == ("welcome", "Ann")

    assert ask(proxy, "POST", "/mix/chat/000/b/xhr", Origin=origin)[2] == "o\n"
    iframe = ask(proxy, "GET", "/mix/chat/iframe.html")[2]
    client = re.search(r'src="([^"]+)"', iframe)
    assert client
    assert urljoin("/mix/chat/iframe.html", client[1]).startswith("/mix/static/")
