"""What an offer says of itself."""

from types import SimpleNamespace
from typing import Any

from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent

from mixsvc.sockets.offer import SocketOffer


class Owner:
    """Notes who is refused, and whose view has ended."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *given: self.heard.append(name)


def test_a_handshake_for_which_there_is_no_thread_is_logged_without_the_secret_of_a_webhook() -> None:
    request: Any = SimpleNamespace(method=b"GET", path=b"/api/hooks/S3CRET", client_left=None)
    owner: Any = Owner()
    offer = SocketOffer(Clock(), owner, request, lambda offer: None)

    with capturedLogs() as events:
        offer.cannot_begin(OSError("too many open files"))

    assert [formatEvent(event) for event in events] == [
        "sockets: there is none for GET /api/hooks/***: too many open files"
    ]
    assert owner.heard == ["left", "refuse", "view_ended"]
