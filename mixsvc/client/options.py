"""The limits and times of a chat client that its user can choose."""

import random
from collections.abc import Callable
from typing import Any

from mixsvc.common.records import record

__all__ = ["Options"]


@record
class Options:
    """The limits and times of a client; times are in seconds.

    max_waiting: texts and requests for history that may wait for the server; one more fails with QueueFull.
    max_message: bytes of one message from the server; a longer one ends the connection.
    open_seconds: the limit for connecting, and again for TLS and the upgrade. close_seconds: for the closing handshake.
    ping_seconds: between two pings. pong_seconds: the limit for an answer to a ping. answer_seconds: to a request.
    least_delay, most_delay: the limits of the delay before the next attempt to connect. steady_seconds: after a
    connection that lasted this long the delay is the least again. name_seconds: for this long after a lost connection a
    name in use is requested again, because our own old connection may hold it.
    random: returns a number from 0 up to 1, which varies the delays. trust: the certificates that wss trusts, made by
    twisted.internet.ssl.trustRootFromCertificates; None: those of the system.
    """

    max_waiting: int = 1000
    max_message: int = 4 * 2**20
    open_seconds: float = 20
    close_seconds: float = 3
    ping_seconds: float = 20
    pong_seconds: float = 20
    answer_seconds: float = 30
    least_delay: float = 0.5
    most_delay: float = 30
    steady_seconds: float = 10
    name_seconds: float = 120
    random: Callable[[], float] = random.random
    trust: Any = None
