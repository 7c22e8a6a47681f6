"""What the chat refuses, as numeric replies."""

from collections.abc import Mapping
from typing import Any, Final

from mixsvc.irc.clients.client import IrcClient
from mixsvc.irc.grammar.names import channel_of

__all__ = ["tell_refusal"]

# By what was asked and the code of the refusal; "" stands for all other codes.
NUMERICS: Final[Mapping[str, Mapping[str, str]]] = {
    "join": {
        "no_such_room": "403",
        "bad_room": "403",
        "bad_field": "403",
        "too_many_rooms": "405",
        "not_allowed": "473",
        "": "437",
    },
    "leave": {"": "442"},
    "say": {"no_such_room": "403", "": "404"},
}

NOT_STORED: Final = "The message could not be stored; say it again"


def tell_refusal(client: IrcClient, event: Mapping[str, Any]) -> None:
    """Tell a client that something which it has asked for in passing was refused. event: `error` of the chat."""
    of, code, text, room = event.get("of", ""), event["code"], event["text"], event.get("room", "")
    if of == "delete":
        refusal = "REDACT_FORBIDDEN" if code in ("not_allowed", "muted") else "UNKNOWN_MSGID"
        client.fail("REDACT", refusal, channel_of(room), client.redacted(room, event.get("number")), text)
    elif of == "join" and code == "already_inside":
        return
    elif of == "join" and "suggestion" in event:
        # The name of the room differs in case or width from the one that exists.
        if event["suggestion"] not in client.channels:
            client.join(event["suggestion"])
    elif of in NUMERICS:
        numeric = NUMERICS[of].get(code, NUMERICS[of][""])
        client.reply(numeric, channel_of(room), NOT_STORED if code == "not_saved" else text)
    else:
        client.notice(text)
