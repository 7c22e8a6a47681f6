"""The reasons for which a connection is lost, in words."""

import pytest
from OpenSSL.SSL import Error as TlsError
from OpenSSL.SSL import SysCallError
from service_identity import VerificationError
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from websockets.client import ClientProtocol
from websockets.uri import parse_uri

from mixsvc.client.connection import ClientConnection
from mixsvc.client.options import Options


class Listener:
    """Keeps the reason."""

    reason = ""

    def opened(self, connection: ClientConnection) -> None: ...

    def received(self, text: str) -> None: ...

    def ping_sent(self) -> None: ...

    def closed(self, code: int, reason: str) -> None:
        self.reason = reason


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (VerificationError(errors=[]), "its certificate is for another host"),
        (TlsError([("SSL routines", "", "certificate verify failed")]), "TLS: certificate verify failed"),
        (SysCallError(-1, "Unexpected EOF"), "TLS: Unexpected EOF"),
        (ConnectionLost("away"), "Connection to the other side was lost in a non-clean fashion: away."),
    ],
)
def test_a_connection_without_tls_in_order_is_lost_for_a_reason_in_words(error: Exception, said: str) -> None:
    listener = Listener()
    connection = ClientConnection(Clock(), ClientProtocol(parse_uri("wss://host/")), listener, Options())

    connection.connectionLost(Failure(error))

    assert listener.reason == said
