"""A handshake whose view in a child does not take the socket, and whose client leaves; the test plays the child."""

from unittest.mock import Mock

from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.config.settings import Settings
from mixsvc.http.site import MixSite
from mixsvc.sockets.hub import SocketLimits, ViewSockets
from mixsvc.sockets.socketio import SocketIo
from mixsvc.wsgi.children.environ_frame import encode_head
from mixsvc.wsgi.children.frames import Frame, FrameReader, FrameType, encode_frame
from mixsvc.wsgi.children.process import ViewProcess
from mixsvc.wsgi.children.resource import ChildResource
from mixsvc.wsgi.response_head import ResponseHead
from mixsvc.wsgi.supervision.sessions import SocketIoSessions
from tests.wsgi.children.test_process import COMMAND, READY, SpawningReactor
from tests.wsgi.inline import Wire

HANDSHAKE = (
    b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
STREAM = encode_head(ResponseHead(200, b"OK", ((b"Content-Length", b"9"),), None))


class Reactor(SpawningReactor):
    """Watches no sockets."""

    def addReader(self, reader: object) -> None:
        """Does nothing."""

    removeReader = addWriter = removeWriter = addReader


class DeclinedSocketTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.reactor = Reactor()
        self.process = ViewProcess(self.reactor, COMMAND, Mock(), Mock())
        self.process.start()
        self.reactor.link.transport.sendFileDescriptor = lambda descriptor: None
        self.reactor.link.dataReceived(READY)
        children = Mock(sessions=SocketIoSessions(SocketIo(""), ()))
        children.sockets.submit = lambda offer: offer.begin()
        children.sockets.freest = lambda: self.process
        self.sockets = ViewSockets(self.reactor, SocketLimits(5, 5), ())
        resource = ChildResource(children, Mock(), self.sockets)
        self.channel = MixSite(self.reactor, resource, Settings()).buildProtocol(None)
        self.wire = Wire()
        self.channel.makeConnection(self.wire)
        self.channel.dataReceived(HANDSHAKE)
        self.call_id = next(each.id for each in self.frames() if each.type == FrameType.SOCKET)

    def frames(self) -> list[Frame]:
        """What the child has got."""
        self.reactor.advance(0)
        return list(FrameReader().feed(self.reactor.link.transport.value()))

    def say(self, type: int, payload: bytes = b"") -> None:
        """The child says something about the call."""
        self.reactor.link.dataReceived(encode_frame(type, self.call_id, payload))

    def test_a_client_may_leave_behind_its_view(self) -> None:
        self.say(FrameType.BEGIN, STREAM)
        # A client that reads slowly gets the rest without the view's thread.
        self.say(FrameType.OVER)

        self.channel.connectionLost(Failure(ConnectionDone()))

        self.assertIn((FrameType.GONE, self.call_id), [(each.type, each.id) for each in self.frames()])
