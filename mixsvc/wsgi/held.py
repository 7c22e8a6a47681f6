"""Whether a response is to be held: it has the token of a hold that its own call has asked for. Knows no server."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from mixsvc.interfaces.holds import HOLD_HEADER, NOT_COMPRESSED, Hold
from mixsvc.wsgi.response_head import InvalidResponse, ResponseHead

__all__ = ["CallHolds", "take_hold"]

# The holds of one call, with their tokens: environ[HOLDS] (mixsvc.interfaces.holds).
CallHolds: TypeAlias = Sequence[tuple[str, Hold]]

HEADER: Final = HOLD_HEADER.lower().encode()
MARK: Final = tuple(each.lower().encode() for each in NOT_COMPRESSED)
OK: Final = 200


def take_hold(head: ResponseHead, holds: CallHolds) -> tuple[ResponseHead, Hold | None]:
    """Returns the head without the marks of a hold, and the hold.

    None if the response has no token, or another status than 200: so what the application decides after the view, such
    as 403, goes to the client. Raises InvalidResponse for a token of another call, and for more than one.
    """
    tokens = [value for name, value in head.headers if name.lower() == HEADER]
    if not tokens:
        return head, None
    head = replace(head, headers=tuple(pair for pair in head.headers if not _is_mark(*pair)))
    if head.code != OK:
        return head, None
    found = [hold for token, hold in holds if [token.encode()] == tokens]
    if not found:
        raise InvalidResponse(
            f"the header {HOLD_HEADER} does not name one hold that mix.hold has made for this request"
        )
    return head, found[0]


def _is_mark(name: bytes, value: bytes) -> bool:
    name = name.lower()
    return name == HEADER or (name, value) == MARK
