"""What we rely on in the private parts of twisted.web, with the Twisted that is installed."""

import pytest
from twisted.internet.testing import StringTransport
from twisted.web.http import HTTPChannel, Request

from mixsvc.http.twisted_private import begin_page, end_page, set_request_line

pytestmark = pytest.mark.contract


class Noted(Request):
    """Notes how it is called."""

    calls: tuple[bytes, bytes, bytes] | None = None

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        self.calls = (command, path, version)


def channel_with_head(*headers: tuple[bytes, bytes], version: bytes = b"HTTP/1.1") -> tuple[HTTPChannel, Noted]:
    """A channel that was given a head as ours is, and its request."""
    channel = HTTPChannel()
    channel.makeConnection(StringTransport())
    request = Noted(channel, False)
    channel.requests.append(request)
    for name, value in headers:
        request.requestHeaders.addRawHeader(name, value)
    set_request_line(channel, b"PUT", b"/a?b", version)
    channel.length = 0
    channel.allHeadersReceived()
    return channel, request


def test_a_request_gets_the_line_that_was_set() -> None:
    channel, request = channel_with_head()

    channel.allContentReceived()

    assert request.calls == (b"PUT", b"/a?b", b"HTTP/1.1")


def test_the_line_is_forgotten_with_its_request() -> None:
    channel, _ = channel_with_head()

    channel.allContentReceived()

    assert not {"_command", "_path", "_version"} & set(vars(channel))


def test_the_version_decides_whether_the_connection_stays_and_whether_the_client_is_told_to_go_on() -> None:
    for version, persistent in ((b"HTTP/1.1", True), (b"HTTP/1.0", False)):
        channel, _ = channel_with_head((b"Expect", b"100-continue"), version=version)

        assert bool(channel.persistent) is persistent
        assert (b" 100 Continue" in channel.transport.value()) is persistent  # type: ignore[union-attr]


def test_without_data_behind_a_request_its_end_brings_none_back() -> None:
    channel, request = channel_with_head()
    channel.allContentReceived()
    came: list[bytes] = []
    channel.dataReceived = came.append  # type: ignore[method-assign]

    channel.requestDone(request)

    assert (came, channel.requests) == ([], [])


class Transport(StringTransport):
    """Notes whether it was told to go on reading."""

    resumed = 0

    def resumeProducing(self) -> None:
        self.resumed += 1
        StringTransport.resumeProducing(self)


@pytest.mark.parametrize("is_full", [False, True])
def test_a_page_leaves_a_channel_as_any_other_request_does(is_full: bool) -> None:
    found = []
    for begin, end in (
        (HTTPChannel.allContentReceived, HTTPChannel.requestDone),
        (begin_page, lambda it, _: end_page(it)),
    ):
        channel, request = channel_with_head()
        channel.transport = transport = Transport()
        channel.makeConnection(transport)
        channel.requests, channel.persistent = [request], 1
        begin(channel)
        during = channel._handlingRequest
        if is_full:
            channel.pauseProducing()
        end(channel, request)
        found.append(
            (during, channel._handlingRequest, channel._waitingForTransport, channel.requests, transport.resumed)
        )

    assert found == [(True, False, is_full, [], int(not is_full))] * 2


def test_what_a_channel_does_without_its_parser_is_all_that_a_page_needs() -> None:
    channel, request = channel_with_head()
    channel.allContentReceived()
    before = vars(channel).copy()
    channel.requestDone(request)

    changed = {name for name, value in vars(channel).items() if before.get(name) != value}
    assert changed <= {"_handlingRequest", "_dataBuffer", "line_mode"}


def test_a_body_that_was_rewound_is_not_read_as_a_form() -> None:
    channel = HTTPChannel()
    channel.makeConnection(StringTransport())
    request = Request(channel, False)
    request.process = lambda: None  # type: ignore[method-assign]
    request.requestHeaders.addRawHeader(b"content-type", b"application/x-www-form-urlencoded")
    request.gotLength(3)
    request.handleContentChunk(b"a=b")
    assert request.content is not None
    request.content.seek(0)

    request.requestReceived(b"POST", b"/?q=r", b"HTTP/1.1")

    assert request.args == {b"q": [b"r"]}
