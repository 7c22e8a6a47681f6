"""Commands, the texts of people that begin with a slash: which there are, and how they are written. Pure."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final, TypeAlias

from mixsvc.common.currencies import CODE
from mixsvc.common.names import UNPRINTABLE
from mixsvc.common.records import record
from mixsvc.common.text import shortened

__all__ = [
    "HELP",
    "LONGEST_TOPIC",
    "Action",
    "BadCommand",
    "Command",
    "Convert",
    "Help",
    "Plain",
    "Rate",
    "Topic",
    "parse",
]

HELP: Final = """\
/me waves: say what you do
/topic Plans for May: give the room a topic; /topic alone removes it
/rate EUR/USD: ask for an exchange rate
/convert 100 EUR USD: ask what an amount is in another currency
/help: show this list
//text: say a text that begins with /"""

LONGEST_TOPIC: Final = 200

MAX_DIGITS: Final = 20

_PAIR: Final = rf"({CODE})(?: ?/ ?| [Tt][Oo] | )({CODE})"
_AMOUNT: Final = r"([0-9]+(?:\.[0-9]+)?|[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?)"

_RATE: Final = re.compile(_PAIR)
_CONVERT: Final = re.compile(f"{_AMOUNT} ?{_PAIR}")


class BadCommand(ValueError):
    """Raised for a command that is unknown or incomplete; the text is a sentence for the person."""


@record
class Plain:
    """A text that is posted as it is."""

    text: str


@record
class Action:
    """What the person does, such as "waves"."""

    text: str


@record
class Topic:
    """The room's new topic, in one line; empty to remove it."""

    text: str


@record
class Rate:
    """Asks what one unit of the base costs. The codes are three capital letters; they may be unknown."""

    base: str
    quote: str


@record
class Convert:
    """Asks what an amount of the base, above zero, is in the other currency."""

    amount: Decimal
    base: str
    quote: str


@record
class Help:
    """Asks for the list of the commands."""


Command: TypeAlias = Plain | Action | Topic | Rate | Convert | Help


def parse(text: str) -> Command:
    """Returns the command in a text.

    A text without a slash at its beginning is Plain. So is one with two slashes, without the first. Raises BadCommand.
    """
    if not text.startswith("/"):
        return Plain(text)
    if text.startswith("//"):
        return Plain(text[1:])
    # Any white space ends the word, also a new line.
    word = text[1:].split(maxsplit=1)[0] if text[1:2].strip() else ""
    make = _COMMANDS.get(word.lower())
    if make is None:
        raise BadCommand(
            f"There is no command /{shortened(word)}; /help lists them. Begin with // to say a text that begins with /."
        )
    return make(text[1 + len(word) :].strip())


def _action(rest: str) -> Action:
    if not rest:
        raise BadCommand("Say what you do: /me waves")
    return Action(rest)


def _topic(rest: str) -> Topic:
    topic = " ".join(rest.split())
    if UNPRINTABLE.search(topic):
        raise BadCommand("A topic is one line of visible text.")
    if len(topic) > LONGEST_TOPIC:
        raise BadCommand(f"A topic has up to {LONGEST_TOPIC} characters; this one has {len(topic)}.")
    return Topic(topic)


def _rate(rest: str) -> Rate:
    match = _RATE.fullmatch(" ".join(rest.split()))
    if match is None:
        raise BadCommand("Name two currencies by their codes of three letters: /rate EUR/USD")
    base, quote = match.groups()
    return Rate(base.upper(), quote.upper())


def _convert(rest: str) -> Convert:
    match = _CONVERT.fullmatch(" ".join(rest.split()))
    if match is None:
        raise BadCommand(
            "Give an amount, such as 100 or 1,000.50, and the codes of two currencies: /convert 100 EUR USD"
        )
    amount, base, quote = match.groups()
    plain = amount.replace(",", "")
    if len(plain.replace(".", "")) > MAX_DIGITS or not plain.strip("0."):
        raise BadCommand(f"An amount is above zero and has up to {MAX_DIGITS} digits.")
    return Convert(Decimal(plain), base.upper(), quote.upper())


_COMMANDS: Final[Mapping[str, Callable[[str], Command]]] = {
    "me": _action,
    "topic": _topic,
    "rate": _rate,
    "convert": _convert,
    "help": lambda rest: Help(),
}
