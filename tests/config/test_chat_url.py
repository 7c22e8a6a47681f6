"""Where a program on the same machine finds the chat."""

from dataclasses import replace

import pytest

from mixsvc.config.chat_url import chat_urls
from mixsvc.config.settings import ChatSettings, ServerSettings, Settings
from mixsvc.errors import BadSetting


def url(*endpoints: str, prefix: str = "/chat") -> str:
    server, chat = replace(ServerSettings(), listen=endpoints), replace(ChatSettings(), prefix=prefix)
    (found,) = chat_urls(replace(Settings(), server=server, chat=chat))
    return found


def test_by_default_it_is_on_port_8080() -> None:
    assert chat_urls(Settings()) == ["ws://127.0.0.1:8080/chat/websocket"]


@pytest.mark.parametrize(
    ("interface", "port", "found"),
    [
        ("0.0.0.0", 9000, "ws://127.0.0.1:9000/chat/websocket"),
        ("::", 9000, "ws://[::1]:9000/chat/websocket"),
        ("::1", 9000, "ws://[::1]:9000/chat/websocket"),
        ("192.0.2.7", 80, "ws://192.0.2.7:80/chat/websocket"),
    ],
)
def test_it_is_on_the_port_and_interface_of_the_settings(interface: str, port: int, found: str) -> None:
    server = replace(ServerSettings(), interface=interface, port=port)

    assert chat_urls(replace(Settings(), server=server)) == [found]


@pytest.mark.parametrize(
    ("endpoints", "found"),
    [
        (("tcp:9000",), "ws://127.0.0.1:9000"),
        (("tcp:port=9000:interface=127.0.0.2",), "ws://127.0.0.2:9000"),
        (("unix:/run/x.sock", "tcp:9000"), "ws://127.0.0.1:9000"),
        ((r"tcp6:9000:interface=\:\:1",), "ws://[::1]:9000"),
        (("tcp6:9000",), "ws://[::1]:9000"),
        (("ssl:443:privateKey=k.pem:certKey=c.pem",), "wss://127.0.0.1:443"),
    ],
)
def test_it_is_on_the_first_endpoint_with_tcp(endpoints: tuple[str, ...], found: str) -> None:
    assert url(*endpoints, prefix="/live") == f"{found}/live/websocket"


def test_in_a_host_it_has_its_own_port_which_the_service_does_not_open() -> None:
    chat = replace(ChatSettings(), listen=("tcp:8081:interface=127.0.0.1",))

    assert chat_urls(replace(Settings(), chat=chat)) == [
        "ws://127.0.0.1:8081/chat/websocket",
        "ws://127.0.0.1:8080/chat/websocket",
    ]


@pytest.mark.parametrize("endpoint", ["unix:/run/x.sock", "systemd:domain=INET:name=web", "tcp:0"])
def test_without_a_known_port_the_url_is_asked_for(endpoint: str) -> None:
    with pytest.raises(BadSetting, match="give the address of the chat with --url"):
        url(endpoint)
