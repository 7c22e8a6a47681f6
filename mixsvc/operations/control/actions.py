"""What operators can do, as one table for the window, the socket and `mixsvc ctl`.

The command loads this file to know what there is, so it loads no part of the service.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.logger import Logger

from mixsvc.common.addresses import parse_network
from mixsvc.common.records import record
from mixsvc.common.text import did_you_mean, similar
from mixsvc.errors import ActionRefused

if TYPE_CHECKING:
    from mixsvc.operations.control.parts import OperatedService

__all__ = ["ACTIONS", "ActionArgument", "OperatorAction", "perform"]

_log = Logger()

# What is given for each argument, by its name.
Given: TypeAlias = Mapping[str, str]


@record
class ActionArgument:
    """An argument. default: what stands for it if it is left out; None: it must be given. is_rest: takes all words
    that are left.
    """

    name: str
    summary: str
    default: str | None = None
    is_rest: bool = False


@record
class OperatorAction:
    """An action. summary: one line. run: does it; the Deferred fires with a line for the operator.

    It raises MixError, or fails with it, if it cannot be done. seconds: how long its answer may take.
    """

    name: str
    summary: str
    arguments: Sequence[ActionArgument]
    run: "Callable[[OperatedService, Given], Deferred[str]]"
    seconds: float = 30.0

    def takes(self, words: Sequence[str]) -> bool:
        """Whether these are as many words as it needs."""
        least = len([each for each in self.arguments if each.default is None])
        has_rest = bool(self.arguments) and self.arguments[-1].is_rest
        return least <= len(words) and (has_rest or len(words) <= len(self.arguments))

    def usage(self) -> str:
        """How it is written, such as `say ROOM TEXT`."""
        words = [each.name.upper() if each.default is None else f"[{each.name.upper()}]" for each in self.arguments]
        return " ".join([self.name, *words])


def perform(service: "OperatedService", name: str, words: Sequence[str]) -> "Deferred[str]":
    """Do the action of this name; fires with a line for the operator. Fails with MixError if it cannot be done."""
    return maybeDeferred(_perform, service, name, words)


def _perform(service: "OperatedService", name: str, words: Sequence[str]) -> "Deferred[str]":
    action = ACTIONS.get(name)
    if action is None:
        near = did_you_mean(similar(name, ACTIONS, 1)) or f"; there are: {', '.join(ACTIONS)}"
        raise ActionRefused(f"there is no action {name[:50]}{near}")
    given = _given(action, words)
    _log.info("mixsvc: an operator asks for {action}", action=name)
    return action.run(service, given)


def _given(action: OperatorAction, words: Sequence[str]) -> Given:
    if not action.takes(words):
        raise ActionRefused(f"it is {action.usage()}")
    arguments, left = action.arguments, list(words)
    if len(left) > len(arguments):
        left[len(arguments) - 1 :] = [" ".join(left[len(arguments) - 1 :])]
    # A form has all its fields, also those that were left empty.
    defaults = {each.name: each.default for each in arguments if each.default is not None}
    return defaults | {each.name: word for each, word in zip(arguments, left, strict=False) if word or not each.default}


def _say(service: "OperatedService", given: Given) -> "Deferred[str]":
    said = service.parts.chat.dispatcher.operators.say(given["room"], given["text"])
    return said.addCallback(lambda number: f"said in {given['room']}, as message {number}")


def _kick(service: "OperatedService", given: Given) -> "Deferred[str]":
    done = _moderate(service, type="kick", room=given["room"], name=given["person"], reason=given["reason"])
    return done.addCallback(lambda _: f"{given['person']} was removed from {given['room']}")


def _mute(service: "OperatedService", given: Given) -> "Deferred[str]":
    seconds = _seconds(given)
    done = _moderate(service, type="mute", name=given["person"], seconds=seconds, reason=given["reason"])
    return done.addCallback(lambda _: f"{given['person']} is muted for {seconds} s")


def _ban(service: "OperatedService", given: Given) -> "Deferred[str]":
    seconds = _seconds(given)
    done = _moderate(service, type="ban", **_target(given), seconds=seconds, reason=given["reason"])
    return done.addCallback(lambda _: f"{given['whom']} is banned for {seconds} s")


def _lift(service: "OperatedService", given: Given) -> "Deferred[str]":
    kind = given["kind"].lower()
    if kind not in ("ban", "mute"):
        raise ActionRefused("it is lift WHOM, which ends a ban, or lift WHOM mute")
    target = _target(given) if kind == "ban" else {"name": given["whom"]}
    done = _moderate(service, type=f"un{kind}", **target)
    return done.addCallback(lambda _: f"the {kind} of {given['whom']} is over")


def _moderate(service: "OperatedService", **fields: object) -> "Deferred[None]":
    return service.parts.chat.dispatcher.operators.moderate(**fields)


def _seconds(given: Given) -> int:
    try:
        return int(given["seconds"])
    except ValueError:
        raise ActionRefused(f"{given['seconds'][:20]} is no number of seconds; it is before the reason") from None


def _target(given: Given) -> Mapping[str, str]:
    """Whom a ban is of: an address (IPv6: or its network), or else a person.

    An address with any prefix is one, too: the chat says whether it can be banned.
    """
    try:
        parse_network(given["whom"].partition("/")[0])
    except ValueError:
        return {"name": given["whom"]}
    return {"address": given["whom"]}


def _close(service: "OperatedService", given: Given) -> "Deferred[str]":
    if not given["session"].isdecimal():
        raise ActionRefused("a session has a number; the list of sessions has it")
    return succeed(service.sessions.close(int(given["session"][:18])))


def _ask(service: "OperatedService", given: Given) -> "Deferred[str]":
    return service.parts.rates.ask_now(given["source"])


def _reopen(service: "OperatedService", given: Given) -> "Deferred[str]":
    count, kept = service.means.reopen()
    if kept:
        raise ActionRefused("; ".join(kept))
    return succeed("1 log file reopened" if count == 1 else f"{count} log files reopened")


def _reload(service: "OperatedService", given: Given) -> "Deferred[str]":
    return service.means.reload()


def _drain(service: "OperatedService", given: Given) -> "Deferred[str]":
    off = given["off"].lower()
    if off not in ("", "off"):
        raise ActionRefused("it is drain, or drain off")
    service.means.drain(not off)
    if off:
        _log.info("mixsvc: an operator has put the service back into rotation")
        return succeed("/readyz says again that the service should get requests")
    _log.info("mixsvc: an operator has taken the service out of rotation")
    return succeed("/readyz says that the service should get no new requests; drain off takes that back")


def _restart(service: "OperatedService", given: Given) -> "Deferred[str]":
    return service.means.restart()


# More than [server] restart_timeout may be, twice: to prepare itself, and to take over.
RESTART_SECONDS: Final = 7300.0

ROOM: Final = ActionArgument("room", "the name of a room")
PERSON: Final = ActionArgument("person", "the name of a person")
WHOM: Final = ActionArgument("whom", "the name of a person, or an address")
SECONDS: Final = ActionArgument("seconds", "how long, from 60 on", default="86400")
REASON: Final = ActionArgument("reason", "what the persons in question read", default="", is_rest=True)

ACTIONS: Final[Mapping[str, OperatorAction]] = {
    each.name: each
    for each in (
        OperatorAction(
            "say",
            "say something in a room, in the name of the service",
            (ROOM, ActionArgument("text", "what is said", is_rest=True)),
            _say,
        ),
        OperatorAction("kick", "remove a person from a room", (ROOM, PERSON, REASON), _kick),
        OperatorAction("mute", "forbid a person to write, on all nodes", (PERSON, SECONDS, REASON), _mute),
        OperatorAction("ban", "disconnect a person or an address, and let nobody back", (WHOM, SECONDS, REASON), _ban),
        OperatorAction(
            "lift",
            "end a ban, or a mute",
            (WHOM, ActionArgument("kind", "ban or mute", default="ban")),
            _lift,
        ),
        OperatorAction(
            "close",
            "close a session; its client may come back",
            (ActionArgument("session", "the number of the session in the list"),),
            _close,
        ),
        OperatorAction(
            "ask",
            "ask a source of rates now",
            (ActionArgument("source", "the name of the source"),),
            _ask,
            seconds=90.0,
        ),
        OperatorAction("reopen", "reopen the log files, which somebody has moved away", (), _reopen),
        OperatorAction("reload", "read the settings again, and apply those that need no restart", (), _reload),
        OperatorAction(
            "drain",
            "let /readyz say that the service should get no new requests, or take that back",
            (ActionArgument("off", "the word off takes it back", default=""),),
            _drain,
        ),
        OperatorAction("restart", "let a new process take over", (), _restart, RESTART_SECONDS),
    )
}
