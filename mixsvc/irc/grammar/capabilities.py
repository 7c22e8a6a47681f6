"""The capabilities that clients may ask for (IRCv3 "Capability Negotiation")."""

from collections.abc import Sequence
from typing import Final

__all__ = ["CAPABILITIES", "CHATHISTORY", "REDACTION", "SASL", "listed", "wanted"]

SASL: Final = "sasl"
CHATHISTORY: Final = "draft/chathistory"
REDACTION: Final = "draft/message-redaction"

# Hosts and accounts of persons do not change while they are connected, so there is no chghost and no account-notify.
CAPABILITIES: Final = (
    "away-notify",
    "batch",
    "cap-notify",
    CHATHISTORY,
    REDACTION,
    "echo-message",
    "extended-join",
    "message-tags",
    "multi-prefix",
    SASL,
    "server-time",
    "setname",
    "standard-replies",
    "userhost-in-names",
)


def listed(version: int, is_private: bool) -> str:
    """Returns the list of an answer to CAP LS. version: the client's. is_private: whether a password may be sent."""
    found = [each for each in CAPABILITIES if each != SASL or is_private]
    return " ".join(f"{each}=PLAIN" if each == SASL and version >= 302 else each for each in found)


def wanted(words: Sequence[str], is_private: bool) -> tuple[set[str], set[str]] | None:
    """Returns which capabilities a CAP REQ takes and which it gives back; None if one of them is not there."""
    known = {each for each in CAPABILITIES if each != SASL or is_private}
    if any(each.removeprefix("-") not in known for each in words):
        return None
    taken = {each for each in words if not each.startswith("-")}
    return taken, {each[1:] for each in words if each.startswith("-")}
