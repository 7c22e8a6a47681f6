"""What a view leaves to the service when it holds its client, and how a response says so."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, field
from typing import Any, Final, TypedDict

from mixsvc.common.records import record

__all__ = ["HOLDS", "HOLD_HEADER", "NOT_COMPRESSED", "RATES", "ROOMS", "TOPICS", "Hold", "HoldOptions", "topic_of_pair"]

# The key of the environ under which our HTTP server has the holds of a call: a list of pairs of token and Hold. A
# response that is to be held has the token of one of them in this header, which the service takes away. So nobody holds
# a client by a header alone, such as an application that passes on what another server sends.
HOLDS: Final = "mixsvc.holds"
HOLD_HEADER: Final = "Mixsvc-Hold"

# Such a response has this header, too, which the service takes away as well: middleware that compresses, such as
# Flask-Compress, leaves it alone then. Compressed, even an empty body has content.
NOT_COMPRESSED: Final = ("Content-Encoding", "identity")

# What a hold may follow.
TOPICS: Final = "topics"
ROOMS: Final = "rooms"
RATES: Final = "rates"


@record
class Hold:
    """Keep the client, and send it the events of these names.

    source: TOPICS, ROOMS or RATES. since: where a client begins that does not say so; None: with what comes next.
    person: who ends it by logging out; None: nobody. retry: milliseconds after which a browser opens a stream again;
    None: as it likes. timeout: seconds that a poll waits. first: data that a client gets at once which has seen nothing
    so far; None: none. again_after: seconds after which the client has to ask the view again; None: never.
    decided: when the view has decided that, in seconds since 1970.
    """

    source: str
    names: tuple[str, ...]
    since: str | None = None
    person: str | None = None
    retry: int | None = None
    timeout: float = 25.0
    first: str | None = None
    again_after: float | None = None
    decided: float = field(default_factory=time.time, compare=False)

    def encode(self) -> bytes:
        """The hold as JSON, for another process."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, data: bytes) -> "Hold":
        """What `encode` has made."""
        fields: dict[str, Any] = json.loads(data)
        return cls(**{**fields, "names": tuple(fields["names"])})


class HoldOptions(TypedDict, total=False):
    """The options of mix.hold; see IMix.hold."""

    since: str | int | None
    first: Any
    retry: int | None
    timeout: float | None
    again_after: float | None
    person: str | None
    headers: Mapping[str, str] | None


def topic_of_pair(base: str, quote: str) -> str:
    """The name of a pair of currencies among those of RATES, such as EUR-USD: the names in a position have no slash."""
    return f"{base}-{quote}"
