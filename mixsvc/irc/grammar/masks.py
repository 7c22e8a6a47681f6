"""Whom the mask of a ban means: a person or an address. Our bans are of one of these, not of patterns."""

from typing import Final

from mixsvc.common.records import record
from mixsvc.irc.grammar.names import folded, name_of

__all__ = ["BadMask", "BanMask", "parse_mask"]

# What stands for everything.
ANY: Final = ("", "*")


class BadMask(ValueError):
    """A mask that means more than one person or address; the text is a sentence for the moderator."""


@record
class BanMask:
    """name: of a person, who has this nickname; "" if the mask names an ident or an address. One of three is given."""

    name: str = ""
    ident: str = ""
    address: str = ""


def parse_mask(text: str, host: str) -> BanMask:
    """Returns whom a mask names. host: that of all persons. Raises BadMask.

    A nickname alone, and nick!*@*, name a person; *!ident@* names the person with that ident; *!*@192.0.2.7 an
    address, or for IPv6 its /64 network.
    """
    nick, user, given = _parts(text)
    address = "" if given in ANY or _is_host(given, host) else given
    if nick not in ANY and not _has_wildcards(nick) and not address:
        return BanMask(name=name_of(nick))
    ident = user.lstrip("~*")
    if nick in ANY and ident and not _has_wildcards(ident) and not address:
        return BanMask(ident=folded(ident))
    if nick in ANY and user in ANY and address and not _has_wildcards(address):
        return BanMask(address=address)
    raise BadMask("Give nick!*@* for a person, or *!*@ with an address: bans are not of patterns here.")


def _parts(text: str) -> tuple[str, str, str]:
    if "!" not in text and "@" not in text:
        # An address may be written alone; a nickname has neither dot nor colon.
        return ("", "", text) if "." in text or ":" in text else (text, "", "")
    nick, mark, rest = text.partition("!")
    if not mark:
        nick, rest = "", text
    user, _, host = rest.partition("@")
    return nick, user, host


def _is_host(given: str, host: str) -> bool:
    """Whether it is the host of all persons, or a pattern of it as clients make them, such as *.example.com."""
    return host.lower().endswith(given.lower().lstrip("*"))


def _has_wildcards(text: str) -> bool:
    return "*" in text or "?" in text
