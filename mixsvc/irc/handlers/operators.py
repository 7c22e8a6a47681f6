"""KICK and MODE: what moderators do, by the requests of the chat."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final, NamedTuple

from mixsvc.common import names
from mixsvc.irc.clients.client import IrcClient
from mixsvc.irc.clients.inquiries import ChatRefused
from mixsvc.irc.grammar.lines import IrcLine
from mixsvc.irc.grammar.masks import BadMask, BanMask, parse_mask
from mixsvc.irc.grammar.names import channel_of, is_channel, name_of, nick_of
from mixsvc.irc.handlers.table import CommandTable, IrcCommand

__all__ = ["OperatorCommands"]

# Modes in one command.
MOST_MODES: Final = 4

# What is asked for a list's mode, with and without the sign +; the list's kind, and the numerics of its lines and end.
REQUESTS: Final = {"+b": "ban", "-b": "unban", "+q": "mute", "-q": "unmute"}
LISTS: Final = {"b": ("ban", "367", "368"), "q": ("mute", "728", "729")}

FIXED: Final = "The operators are the moderators of the chat; nobody becomes one by a command"


class ModeChange(NamedTuple):
    """One mode of a MODE command. sign: + or -. mask: "" without a parameter."""

    sign: str
    mode: str
    mask: str


class OperatorCommands:
    """Does what one client asks for. The chat says whether it may. Used in the reactor thread."""

    def __init__(self, client: IrcClient) -> None:
        self._client = client

    def commands(self) -> CommandTable:
        """The commands."""
        return {"KICK": IrcCommand(self._kick, 2), "MODE": IrcCommand(self._mode, 1)}

    def _kick(self, line: IrcLine) -> None:
        channel, nicks = line.parameters[:2]
        reason = line.parameters[2] if len(line.parameters) > 2 else ""
        for nick in nicks.split(","):
            self._client.inquire("KICK", partial(self._do_kick, channel, nick, reason))

    async def _do_kick(self, channel: str, nick: str, reason: str) -> None:
        client, room = self._client, self._client.meant_room(channel)
        try:
            shortened = reason[: client.door.traits.reason]
            await client.answer("kick", "done", room=room, name=name_of(nick), reason=shortened)
        except ChatRefused as refused:
            if refused.code == "no_such_person":
                client.reply("441", nick, channel, str(refused))
            else:
                client.reply(_numeric(refused), channel, str(refused))

    def _mode(self, line: IrcLine) -> None:
        client, target = self._client, line.parameters[0]
        if is_channel(target):
            self._mode_of_channel(target, line.parameters[1:])
        elif names.key(name_of(target)) != names.key(client.name):
            client.reply("502", "Nobody changes the modes of others")
        elif len(line.parameters) == 1:
            client.reply("221", "+i")
        else:
            self._mode_of_self(line.parameters[1])

    def _mode_of_self(self, modes: str) -> None:
        # Clients ask for it when they connect; nobody is listed by others than those in a room.
        if modes.strip("+-i"):
            self._client.reply("501", FIXED if "o" in modes else "There is no such mode")

    def _mode_of_channel(self, channel: str, parameters: tuple[str, ...]) -> None:
        client = self._client
        if not parameters:
            client.reply("324", channel_of(client.room(channel)), "+n")
            return
        for change in _changes(parameters):
            if change.mode in LISTS and not change.mask:
                client.inquire("MODE", partial(self._tell_list, channel, change.mode))
            elif change.mode in LISTS:
                self._change_list(channel, change)
            elif change.mode == "o":
                client.reply("482", channel, FIXED)
            elif change.mode != "n" or change.sign == "-":
                client.reply("472", change.mode, "There is no such mode, or it never changes")

    def _change_list(self, channel: str, change: ModeChange) -> None:
        client = self._client
        try:
            mask = parse_mask(change.mask, client.door.name)
        except BadMask as bad:
            client.reply("696", channel, change.mode, change.mask, str(bad))
            return
        if mask.ident and not client.is_moderator:
            # Before everybody in the channels is looked at.
            client.reply("482", channel, "Only moderators may do this")
            return
        name = mask.name or (client.name_of_ident(mask.ident) if mask.ident else "")
        if mask.ident and not name:
            client.reply("401", change.mask, "Nobody in your channels has this user name")
        elif change.mode == "q" and not name:
            client.reply("696", channel, "q", change.mask, "Give nick!*@*: addresses are not muted")
        else:
            facts = client.door.given.chat.facts(name) if name else None
            spelled = BanMask(facts.name if facts is not None else name, "", mask.address)
            client.inquire("MODE", partial(self._do_change, channel, change, spelled))

    async def _do_change(self, channel: str, change: ModeChange, mask: BanMask) -> None:
        client = self._client
        whom: dict[str, Any] = {"name": mask.name} if mask.name else {"address": mask.address}
        try:
            await client.answer(REQUESTS[change.sign + change.mode], "done", **whom)
        except ChatRefused as refused:
            client.reply("401" if refused.code == "no_such_person" else _numeric(refused), change.mask, str(refused))
        else:
            client.tell(client.source, "MODE", channel, change.sign + change.mode, _mask_of(mask.name, mask.address))

    async def _tell_list(self, channel: str, mode: str) -> None:
        client, (kind, numeric, end) = self._client, LISTS[mode]
        extra = [mode] if mode == "q" else []
        try:
            event = await client.answer("sanctions", "sanctions")
        except ChatRefused as refused:
            client.reply(_numeric(refused), channel, str(refused))
            return
        for each in event["sanctions"]:
            if each["kind"] == kind:
                client.reply(
                    numeric, channel, *extra, _mask_of(each["name"], each["address"] if not each["name"] else "")
                )
        client.reply(end, channel, *extra, "End of the list")


def _changes(parameters: tuple[str, ...]) -> Iterator[ModeChange]:
    sign, masks = "+", list(parameters[1:])
    left = MOST_MODES
    for each in parameters[0]:
        if each in "+-":
            sign = each
        elif left:
            left -= 1
            takes = each == "o" or each in LISTS
            yield ModeChange(sign, each, masks.pop(0) if takes and masks else "")


def _mask_of(name: str, address: str) -> str:
    return f"{nick_of(name)}!*@*" if name else f"*!*@{address}"


def _numeric(refused: ChatRefused) -> str:
    if refused.code == "no_such_room":
        return "403"
    # For a client: nothing was done, and it may try again.
    return "263" if refused.is_for_now else "482"
