"""Connections that are taken over from twisted.web, on real sockets."""

import gc
from types import SimpleNamespace
from typing import Any

from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http import HTTPChannel
from twisted.web.server import Request
from twisted.web.static import Data
from websockets.frames import Opcode
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tests.txsockjs._websocket.test_raw import EchoApps
from tests.txsockjs._websocket.test_resources import masked
from tests.txsockjs.clients import Client
from tests.txsockjs.test_on_sockets import Case
from txsockjs._websocket.upgrade import StockChannel, is_upgradable, upgrade_connection
from txsockjs.interfaces import IUpgradableChannel, UpgradedProtocol

UPGRADE = (
    b"GET /echo/0/s/websocket HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n"
)

OPENED = b"\r\n\r\n\x81\x01o"
ECHO = b'\x81\x0aa["early"]'


@implementer(IUpgradableChannel)
class OwnChannel:
    """A channel that is not one of twisted.web's."""

    def __init__(self) -> None:
        self.transport = StringTransport()
        self.protocol: UpgradedProtocol | None = None

    def upgrade(self, protocol: UpgradedProtocol) -> None:
        self.protocol = protocol


class Connected:
    """A protocol that notes its transport."""

    transport: Any = None

    def makeConnection(self, transport: Any) -> None:
        self.transport = transport

    def dataReceived(self, data: bytes) -> None:
        """Does nothing."""

    def connectionLost(self, reason: Failure) -> None:
        """Does nothing."""


class UpgradableChannelTests(SynchronousTestCase):
    """Channels that users write themselves."""

    def test_a_channel_that_implements_the_interface_is_asked_to_upgrade(self) -> None:
        channel, protocol = OwnChannel(), Connected()

        assert is_upgradable(channel)
        request: Any = SimpleNamespace(channel=channel)
        upgrade_connection(request, protocol)

        assert channel.protocol is protocol
        assert protocol.transport is channel.transport

    def test_any_other_object_is_not_upgradable(self) -> None:
        assert not is_upgradable(object())

    def test_the_adapter_of_stock_channels_provides_the_interface(self) -> None:
        channel = HTTPChannel()
        channel.makeConnection(StringTransport())

        assert verifyObject(IUpgradableChannel, StockChannel(channel))


class UpgradeTests(Case):
    async def test_an_answer_that_waits_before_the_upgrade_comes_first(self) -> None:
        await self.serve(EchoApps())
        # More than the socket takes at once.
        size = 20_000_000
        self.root.putChild(b"long", Data(b"x" * size, "text/plain"))
        client = Client()
        await self.connect(client)

        await client.write_before_reading(b"GET /long HTTP/1.1\r\n\r\n" + UPGRADE + masked(Opcode.TEXT, b'["early"]'))

        await client.until(lambda: client.received.endswith(ECHO))
        rest = bytes(client.received).partition(b"\r\n\r\n")[2]
        self.assertEqual(rest[:size].count(b"x"), size)
        self.assertTrue(rest[size:].startswith(b"HTTP/1.1 101 "))
        self.assertTrue(rest.endswith(OPENED + ECHO))

    async def test_a_request_with_expect_gets_100_continue_before_the_response(self) -> None:
        await self.serve(EchoApps())
        client = Client()
        await self.connect(client)

        client.write(UPGRADE[:-2] + b"Expect: 100-continue\r\n\r\n")

        await client.until(lambda: client.received.endswith(OPENED))
        self.assertTrue(client.received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 "))

    async def test_an_open_one_keeps_nothing_of_twisted_web(self) -> None:
        await self.serve(EchoApps())
        client = await self.socket()
        await client.reads("o")

        gc.collect()
        kept: list[Any] = [each for each in gc.get_objects() if isinstance(each, HTTPChannel | Request)]

        self.assertEqual([each for each in kept if each.site is self.site], [])
