"""Where a client stands, as far as it says. Pure."""

from dataclasses import replace
from typing import Final, NamedTuple

from mixsvc.common.positions import Position, read_position, resumed
from mixsvc.interfaces.holds import Hold

__all__ = ["NO_EPOCH", "Standing", "standing"]

# No history has it: who stands in it is told that what was seen is of another one.
NO_EPOCH: Final = "-"


class Standing(NamedTuple):
    """since: the position behind which a client goes on. known: what the client knows itself of that."""

    since: Position
    known: Position


def standing(hold: Hold, given: str, seen: str) -> Standing:
    """Where a client stands; positions without numbers if nobody says any.

    given: of ?since=, in whose place is that of the hold if it is empty. seen: of Last-Event-ID, which is newer. Raises
    ValueError if one of them is no position; its text is a sentence for a person.
    """
    return Standing(_position(hold, given, seen), _position(replace(hold, since=None), given, seen))


def _position(hold: Hold, given: str, seen: str) -> Position:
    since = _read(given or hold.since or "", hold, "since")
    if "=" in seen or len(hold.names) == 1:
        return resumed(since, _read(seen, hold, "Last-Event-ID"))
    if not seen:
        return since
    # The view has held this client by another topic alone before; a browser cannot mend that by itself.
    _read(seen, replace(hold, names=hold.names[:1]), "Last-Event-ID")
    return Position(dict.fromkeys(hold.names, 0), NO_EPOCH)


def _read(text: str, hold: Hold, where: str) -> Position:
    try:
        return read_position(text, hold.names) if text else Position()
    except ValueError as error:
        raise ValueError(f"The position in {where} cannot be read: {error}.") from None
