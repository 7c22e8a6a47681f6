"""What the chat counts, for mixsvc.operations.metrics."""

from collections.abc import Mapping
from typing import Final

from mixsvc.common.histogram import Histogram
from mixsvc.common.records import record

__all__ = ["CODES", "ChatStats"]

# The codes of errors (docs/reference/chat-protocol.md).
CODES: Final = tuple(
    "already_inside already_named bad_command bad_field bad_json bad_name bad_pair bad_room bad_text bad_token busy "
    "muted name_fixed name_taken no_name no_such_message no_such_person no_such_room not_allowed not_inside not_saved "
    "slow_down too_many_rooms unknown_type".split()
)


@record
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
