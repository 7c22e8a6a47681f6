"""What others know of the IRC door without loading it: a service that does not listen for IRC clients never does."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

__all__ = ["IRC_REFUSALS", "IrcNumbers"]

# Why connections are refused, or ended before they had a name.
IRC_REFUSALS: Final = ("connections", "address", "stopping", "unregistered", "http")


@dataclass
class IrcNumbers:
    """What /metrics shows of the door. refused: connections, by reason. slow: closed as they did not read."""

    opened: int = 0
    slow: int = 0
    refused: Counter[str] = field(default_factory=Counter)
