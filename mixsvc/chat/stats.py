"""What the chat counts, for mixsvc.operations.metrics."""

from collections.abc import Mapping
from dataclasses import dataclass

from mixsvc.common.histogram import Histogram

__all__ = ["ChatStats"]


@dataclass(frozen=True)
class ChatStats:
    """The figures of one moment.

    members: persons who are connected with a name. messages: stored and acknowledged since the start, without repeated
    ones. refusals: requests that were answered by an error, by its code (docs/reference/chat-protocol.md).
    commit_sizes: messages in each transaction that stored some. commit_seconds: how long each took, from the request
    until its result came.
    """

    members: int
    rooms: int
    messages: int
    refusals: Mapping[str, int]
    commit_sizes: Histogram
    commit_seconds: Histogram
