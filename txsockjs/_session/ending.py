"""The end of a session, or of a subscription within one, as the application is told of it."""

from typing import Final

from twisted.internet.interfaces import IProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from txsockjs._session.flow import FlowControl

__all__ = ["OF_SESSION", "OF_TOPIC", "end_application"]

# Whose producer and protocol it was, as the log says it.
OF_SESSION: Final = "a"
OF_TOPIC: Final = "a topic's"

_log = Logger()


def end_application(whose: str, flow: FlowControl | None, protocol: IProtocol | None, reason: Failure) -> None:
    """Stop the producer, and call the protocol's connectionLost, as far as there are any. What they raise is logged."""
    try:
        if flow is not None:
            flow.stop()
    except Exception:
        _log.failure("sockjs: {whose} producer failed in stopProducing", whose=whose)
    try:
        if protocol is not None:
            protocol.connectionLost(reason)
    except Exception:
        _log.failure("sockjs: {whose} protocol failed in connectionLost", whose=whose)
