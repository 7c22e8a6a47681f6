"""Which answers the site's log is told of, and once each."""

from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from tests.http.asking import Asked, ask
from txsockjs.factory import SockJSResource

UPGRADE = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
)


class Slow(Resource):
    """Answers as far as the path says, and when it is told to."""

    isLeaf = True

    def __init__(self) -> None:
        Resource.__init__(self)
        self.requests: list[Request] = []

    def render_GET(self, request: Request) -> int:
        self.requests.append(request)
        if request.path == b"/half":
            request.write(b"half")
        return NOT_DONE_YET


class ToldTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.root = Slow()

    def asked(self, path: bytes) -> Asked:
        return ask(self.root, path)

    def test_an_answer_that_is_complete(self) -> None:
        asked = self.asked(b"/")
        assert asked.told == []

        self.root.requests[0].finish()
        asked.lose()

        assert asked.told == [200]

    def test_a_client_that_left_before_its_answer_began(self) -> None:
        asked = self.asked(b"/")

        asked.lose()

        assert asked.told == [499]

    def test_a_client_that_left_in_the_midst_of_its_answer(self) -> None:
        asked = self.asked(b"/half")

        asked.lose()

        assert asked.told == [200]

    def test_a_request_that_never_was_whole_is_none(self) -> None:
        asked = ask(self.root, b"/", b"POST", b"Content-Length: 5\r\n")

        asked.lose()

        assert asked.told == []

    def test_a_websocket_when_it_opens_and_not_when_it_ends(self) -> None:
        chat = SockJSResource(Factory.forProtocol(Protocol), None, Clock())

        asked = ask(chat, b"/websocket", headers=UPGRADE)
        assert asked.status == 101
        asked.lose()

        assert asked.told == [101]
