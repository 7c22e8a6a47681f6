"""What the server says of itself in numeric 005 (Modern IRC, "RPL_ISUPPORT Parameters")."""

from collections.abc import Iterator, Sequence
from typing import Final

from mixsvc.common.records import record
from mixsvc.irc.grammar.names import CHANNEL_BYTES, NICK_BYTES

__all__ = ["MOST_TARGETS", "ServerTraits", "isupport"]

# How many targets one PRIVMSG may have.
MOST_TARGETS: Final = 4

# Parameters in one line.
AT_ONCE: Final = 13


@record
class ServerTraits:
    """What of the settings clients are told. name: the server's. rooms: how many one may be in.

    topic, reason: characters. page: messages that CHATHISTORY returns at most.
    """

    name: str
    rooms: int
    topic: int
    reason: int
    page: int


# What does not depend on the settings. Lists: bans and mutes; without a parameter: no messages from outside.
ALWAYS: Final = (
    "CASEMAPPING=ascii",
    "CHANTYPES=#",
    "PREFIX=(o)@",
    "CHANMODES=bq,,,n",
    "MODES=4",
    "MAXLIST=bq:10000",
    f"NICKLEN={NICK_BYTES}",
    f"CHANNELLEN={CHANNEL_BYTES}",
    "USERLEN=10",
    "UTF8ONLY",
    "UTF8MAPPING=rfc8265",
    "WHOX",
    f"TARGMAX=PRIVMSG:{MOST_TARGETS},NOTICE:{MOST_TARGETS},JOIN:,PART:,NAMES:,LIST:,WHOIS:1,KICK:",
    "MSGREFTYPES=msgid,timestamp",
    "CLIENTTAGDENY=*",
)


def isupport(traits: ServerTraits) -> Iterator[Sequence[str]]:
    """Yields the parameters, line by line."""
    words = [
        f"NETWORK={traits.name}",
        *ALWAYS,
        f"CHANLIMIT=#:{traits.rooms}",
        f"TOPICLEN={traits.topic}",
        f"KICKLEN={traits.reason}",
        f"AWAYLEN={traits.reason}",
        f"NAMELEN={traits.reason}",
        f"CHATHISTORY={traits.page}",
    ]
    for start in range(0, len(words), AT_ONCE):
        yield words[start : start + AT_ONCE]
