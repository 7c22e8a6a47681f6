"""What we rely on in the private parts of twisted.web, with the Twisted that is installed."""

import pytest
from twisted.internet.testing import StringTransport
from twisted.web.http import HTTPChannel, Request, _ChunkedTransferDecoder

from mixsvc.http.twisted_private import ChunkDecoder, MalformedChunks, set_request_line

pytestmark = pytest.mark.contract


class Noted(Request):
    """Notes how it is called."""

    calls: tuple[bytes, bytes, bytes] | None = None

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        self.calls = (command, path, version)


class Trailing(ChunkDecoder):
    """A decoder that notes what it is asked to read as trailers; complete with an empty line."""

    def __init__(self) -> None:
        self.body = b""
        self.finished: list[bytes] = []
        self.asked: list[bytes] = []
        ChunkDecoder.__init__(self, self.received, self.finished.append)

    def received(self, data: bytes) -> None:
        self.body += data

    def read_trailers(self, data: bytes) -> bytes | None:
        self.asked.append(data)
        end = data.find(b"\n\n")
        return data[end + 2 :] if end >= 0 else None


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


def test_chunks_are_decoded_and_what_follows_the_last_one_is_read_as_trailers() -> None:
    decoder = Trailing()

    decoder.dataReceived(b"3;x=y\r\nabc\r\n0\r\n")
    assert (decoder.body, decoder.asked, decoder.finished) == (b"abc", [], [])
    decoder.dataReceived(b"A: b")
    decoder.dataReceived(b"\n\nGET")

    assert decoder.asked == [b"A: b", b"A: b\n\nGET"]
    assert decoder.finished == [b"GET"]


def test_trailers_are_read_by_the_method_that_we_replace() -> None:
    assert "_dataReceived_TRAILER" in vars(_ChunkedTransferDecoder)


@pytest.mark.parametrize(
    "data", [b"x\r\n", b"-1\r\n", b"0x5\r\n", b" 5\r\n", b"1\r\nab\r\n", b"5;\x00\r\n", b"1" * 3000]
)
def test_chunks_that_are_invalid_raise_one_error(data: bytes) -> None:
    with pytest.raises(MalformedChunks):
        Trailing().dataReceived(data)
