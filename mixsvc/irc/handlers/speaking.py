"""JOIN, PART, PRIVMSG, NOTICE, TOPIC and REDACT."""

from typing import Final

from mixsvc.common import names
from mixsvc.irc.clients.client import IrcClient
from mixsvc.irc.grammar.isupport import MOST_TARGETS
from mixsvc.irc.grammar.lines import IrcLine
from mixsvc.irc.grammar.names import channel_of, is_channel
from mixsvc.irc.grammar.texts import action_of, is_ctcp, plain
from mixsvc.irc.handlers.delivery import number_of
from mixsvc.irc.handlers.table import CommandTable, IrcCommand

__all__ = ["Speaking"]

# Characters of a channel: twice as many as a room's name can have, which may be written in compatible forms.
MOST_NAMED: Final = 1 + 2 * names.LONGEST

NO_PRIVATE_MESSAGES: Final = "There are no private messages in this chat; say it in a channel"
NO_CTCP: Final = "Requests to other clients (CTCP) are not passed on"


class Speaking:
    """Does what one client says. Used in the reactor thread."""

    def __init__(self, client: IrcClient) -> None:
        self._client = client

    def commands(self) -> CommandTable:
        """The commands."""
        return {
            "JOIN": IrcCommand(self._join, 1),
            "PART": IrcCommand(self._part, 1),
            "PRIVMSG": IrcCommand(self._message),
            "NOTICE": IrcCommand(self._message),
            "TOPIC": IrcCommand(self._topic, 1),
            "REDACT": IrcCommand(self._redact, 2),
        }

    def _join(self, line: IrcLine) -> None:
        for each in line.parameters[0].split(","):
            # What no room can be called, the chat would refuse without saying which room it was.
            if not is_channel(each) or not 1 < len(each) <= MOST_NAMED:
                self._client.reply("403", each or "*", "There is no such channel")
            elif (found := self._client.channel(each)) is None:
                self._client.join(self._client.room(each))
            elif self._client.is_other_room(each, found):
                inside = channel_of(found.room)
                self._client.reply("403", each, f"You are in {inside}, the same channel to IRC; leave that one first")

    def _part(self, line: IrcLine) -> None:
        for each in line.parameters[0].split(","):
            found = self._client.channel(each)
            if found is None:
                self._client.reply("442", each or "*", "You are not on that channel")
            else:
                self._client.part(found.room)

    def _message(self, line: IrcLine) -> None:
        client = self._client
        if not line.parameters or not line.parameters[0]:
            client.reply("411", f"No recipient given ({line.command})")
            return
        if len(line.parameters) < 2 or not line.parameters[1]:
            client.reply("412", "No text to send")
            return
        # A target that is named twice is meant once.
        targets = list(dict.fromkeys(line.parameters[0].split(",")))
        for each in targets[:MOST_TARGETS]:
            self._say(line.command, each, line.parameters[1])
        for each in targets[MOST_TARGETS:]:
            client.reply("407", each or "*", f"Give at most {MOST_TARGETS} targets; this one was left out")

    def _say(self, command: str, target: str, text: str) -> None:
        client = self._client
        if not is_channel(target):
            # A notice is not answered, lest programs answer each other for ever.
            if command == "PRIVMSG":
                client.reply("401", target or "*", NO_PRIVATE_MESSAGES)
            return
        action = action_of(text)
        if action is None and is_ctcp(text):
            if command == "PRIVMSG":
                client.reply("404", target, NO_CTCP)
            return
        said = plain(text) if action is None else f"/me {plain(action)}"
        client.ask("say", room=client.room(target), text=said)

    def _topic(self, line: IrcLine) -> None:
        client, target = self._client, line.parameters[0]
        found = client.channel(target)
        if found is None:
            client.reply("442", target, "You are not on that channel")
        elif len(line.parameters) > 1:
            client.ask("say", room=found.room, text=f"/topic {plain(line.parameters[1])}")
        elif found.topic:
            client.reply("332", channel_of(found.room), found.topic)
        else:
            client.reply("331", channel_of(found.room), "No topic is set")

    def _redact(self, line: IrcLine) -> None:
        client, (target, reference) = self._client, line.parameters[:2]
        found = client.channel(target)
        number = number_of(reference, found.room, found.epoch) if found is not None else None
        if found is None:
            client.fail("REDACT", "INVALID_TARGET", target, "You are not on that channel")
        elif number is None:
            client.fail("REDACT", "UNKNOWN_MSGID", target, reference, "There is no such message")
        else:
            client.redact(found.room, number, reference)
