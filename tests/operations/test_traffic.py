"""What is counted of an answer."""

from typing import Any

import pytest
from twisted.web.server import Request
from twisted.web.test.requesthelper import DummyChannel

from mixsvc.operations.traffic import Traffic


def request(method: bytes, path: bytes, code: int) -> Request:
    made = Request(DummyChannel(), False)
    made.method, made.path, made.uri, made.code = method, path, path, code
    return made


def test_answers_are_counted_by_method_class_of_the_status_and_part() -> None:
    traffic = Traffic("/chat")

    for method, path, code in ((b"GET", b"/", 200), (b"GET", b"/x", 204), (b"POST", b"/chat/info", 503)):
        traffic.answered(request(method, path, code), 0.002)

    assert +traffic.answers == {("GET", "2xx", "pages"): 2, ("POST", "5xx", "chat"): 1}
    assert traffic.seconds["pages"].sum == 0.004


def test_clients_that_are_held_are_a_part_of_their_own() -> None:
    traffic = Traffic("/chat")
    held: Any = request(b"GET", b"/orders/42", 200)
    held.is_held = True

    traffic.answered(held, 900)

    assert +traffic.answers == {("GET", "2xx", "held"): 1}
    assert traffic.seconds["pages"].sum == 0


def test_unknown_methods_are_counted_together() -> None:
    traffic = Traffic("/chat")

    for number in range(100):
        traffic.answered(request(b"M%d" % number, b"/", 405), 0)

    assert +traffic.answers == {("other", "4xx", "pages"): 100}


@pytest.mark.parametrize(
    ("path", "part"), [(b"/chat", "chat"), (b"/chat/a/b/xhr", "chat"), (b"/chatter", "pages"), (b"*", "pages")]
)
def test_the_chat_is_what_is_below_its_prefix(path: bytes, part: str) -> None:
    traffic = Traffic("/chat")

    traffic.answered(request(b"GET", path, 200), 0)

    assert +traffic.answers == {("GET", "2xx", part): 1}
