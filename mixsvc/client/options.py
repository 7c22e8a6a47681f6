"""What can be chosen about a chat client."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Options"]


@dataclass(frozen=True)
class Options:
    """The limits and times of a client; times are in seconds.

    max_waiting: texts that wait to be acknowledged, and pages that are asked for; one more is refused.
    max_message: bytes of one message from the server; a longer one ends the connection.
    open_seconds: to connect, and as long again for TLS and the upgrade. close_seconds: to answer a close frame.
    ping_seconds: between signs of life asked for. pong_seconds: to give one. answer_seconds: to answer a request.
    least_delay, most_delay: between attempts to connect. steady_seconds: online that long, the next delay is the least.
    name_seconds: how long, after a lost connection, a name in use is taken for our own old connection's.
    random: from 0 up to 1, for delays. trust: what wss certificates are checked against
    (twisted.internet.ssl.trustRootFromCertificates makes one); None: what the system trusts.
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
