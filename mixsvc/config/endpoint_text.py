"""The words of an endpoint (twisted.internet.endpoints), such as tcp:8080:interface=127.0.0.1."""

import re
from collections.abc import Mapping, Sequence

from mixsvc.common.records import record

__all__ = ["EndpointText"]


@record
class EndpointText:
    """kind: such as tcp. words: what follows without a name. named: the rest, by its name."""

    kind: str
    words: Sequence[str]
    named: Mapping[str, str]

    @classmethod
    def of(cls, endpoint: str) -> "EndpointText":
        """Returns the words of an endpoint, whether it is valid or not."""
        kind, *parts = (re.sub(r"\\(.)", r"\1", part) for part in re.split(r"(?<!\\):", endpoint))
        return cls(
            kind,
            [part for part in parts if "=" not in part],
            dict(part.split("=", 1) for part in parts if "=" in part),
        )
