"""Where a client says that it stands. Pure."""

from mixsvc.common.positions import Position, read_position, resumed
from mixsvc.interfaces.holds import Hold

__all__ = ["standing"]


def standing(hold: Hold, given: str, seen: str) -> Position:
    """The position behind which a client goes on; one without numbers if nobody says any.

    given: of ?since=, in whose place is that of the hold if it is empty. seen: of Last-Event-ID, which is newer. Raises
    ValueError if one of them is no position; its text is a sentence for a person.
    """
    return resumed(_read(given or hold.since or "", hold, "since"), _read(seen, hold, "Last-Event-ID"))


def _read(text: str, hold: Hold, where: str) -> Position:
    try:
        return read_position(text, hold.names) if text else Position()
    except ValueError as error:
        raise ValueError(f"The position in {where} cannot be read: {error}.") from None
