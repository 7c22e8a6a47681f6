"""mixsvc ctl: shows what a running service does, and does what operators ask for, by its Unix socket."""

import argparse
import json
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from mixsvc.commands.command import Command, CommandParser
from mixsvc.commands.output import show
from mixsvc.errors import MixError

__all__ = ["CTL"]

ABOUT: Final = (
    "Shows what a running service on this machine does, or does something there. Run it as root or as the user of the "
    "service, in its folder, or name its settings file or its socket. The status is 0, 1 if it cannot be done, and 2 "
    "for a wrong command line."
)

# What is shown, and what of the answer to which question that is.
SHOWN: Final[Mapping[str, str]] = {
    "status": "a summary of everything",
    "sessions": "who is connected, by which transport and door",
    "held": "the clients whom views have left to the service",
    "rooms": "rooms, their members and messages a second",
    "reactor": "how late the reactor is, and its last stalls with what has caused them",
    "views": "the threads and processes of views, and what they do",
    "outboxes": "what waits for clients, and who was closed for not reading",
    "storage": "the database, and its commits",
    "nodes": "the nodes of the chat",
    "rates": "the sources of rates, their last errors and next tries",
    "refusals": "what was refused, by kind and reason",
    "settings": "the settings that differ from the default",
    "bans": "the bans and mutes in force",
    "history": "figures of the last hour",
}

# Seconds beyond what the service allows an answer.
PATIENCE_SECONDS: Final = 5.0


def _run(options: argparse.Namespace) -> int:
    parser = _parser()
    given = parser.parse_intermixed_args(options.words)
    if given.action is None:
        parser.print_help()
        return 0
    mistake = _mistake(given)
    if mistake:
        parser.error(mistake)
    show(_answered(given))
    return 0


def _parser() -> CommandParser:
    from mixsvc.operations.control.actions import ACTIONS

    rows = [*SHOWN.items(), *((each.usage(), each.summary) for each in ACTIONS.values())]
    width = max(len(usage) for usage, _ in rows)
    lines = [f"  {usage:{width}}  {summary}" for usage, summary in rows]
    parser = CommandParser(
        prog="mixsvc ctl",
        description=ABOUT,
        epilog="\n".join(["what there is:", *lines]),
        formatter_class=_Formatter,
    )
    parser.add_argument("-c", "--config", metavar="FILE", help="the settings file of the service (INI)")
    parser.add_argument("--socket", metavar="PATH", help="the socket of the service, as [server] control names it")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    parser.add_argument("action", metavar="ACTION", nargs="?", help="what to show or to do; see below")
    parser.add_argument("words", metavar="WORD", nargs="*", help="what the action needs")
    return parser


class _Formatter(argparse.HelpFormatter):
    """Wraps the description, and leaves the list of actions as it is."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if "\n" in text else super()._fill_text(text, width, indent)


def _mistake(given: argparse.Namespace) -> str:
    """What is wrong in a command line; "" if nothing is."""
    from mixsvc.common.text import did_you_mean, similar
    from mixsvc.operations.control.actions import ACTIONS

    name, action = given.action, ACTIONS.get(given.action)
    if given.config is not None and given.socket is not None:
        return "--config and --socket both name the service; give one of them"
    if action is not None:
        return "" if action.takes(given.words) else f"it is {action.usage()}"
    if name in SHOWN:
        return f"{name} takes no words" if given.words else ""
    near = did_you_mean(similar(name, [*SHOWN, *ACTIONS], 1))
    return f"there is no action {name}{near or '; --help lists them'}"


def _answered(given: argparse.Namespace) -> str:
    """The answer, for a terminal or as JSON. Raises MixError."""
    from mixsvc.commands.ctl_text import history_text, section_text, status_text

    if given.action not in SHOWN:
        answer = _ask(given, given.action, given.words)
        return json.dumps({"text": answer["text"]}) if given.json else str(answer["text"])
    question = given.action if given.action == "history" else "status"
    data = _ask(given, question, [])["data"]
    part = data if given.action in ("status", "history") else data[given.action]
    if given.json:
        # In ASCII, which any output can have: `show` would escape the rest as JSON does not know it.
        return json.dumps(part, indent=2)
    if given.action == "history":
        return history_text(data)
    return status_text(data) if given.action == "status" else section_text(part)


def _ask(given: argparse.Namespace, name: str, words: Sequence[str]) -> Mapping[str, Any]:
    from mixsvc.operations.control.actions import ACTIONS

    action = ACTIONS.get(name)
    path = _path(given)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(PATIENCE_SECONDS + (action.seconds if action is not None else 0.0))
        try:
            connection.connect(path)
            received = _exchanged(connection, json.dumps({"action": name, "arguments": [*words]}).encode() + b"\n")
        except OSError as error:
            raise _failed(path, error) from None
    return _checked(path, received)


def _exchanged(connection: socket.socket, question: bytes) -> bytes:
    """What is answered. Whoever refuses to be asked says why, and ends the connection without reading the question."""
    received: list[bytes] = []
    with suppress(ConnectionError):
        connection.sendall(question)
    with suppress(ConnectionError):
        received.extend(iter(lambda: connection.recv(65_536), b""))
    return b"".join(received)


def _path(given: argparse.Namespace) -> str:
    from mixsvc.config.directories import current_directory
    from mixsvc.config.reading import read_settings
    from mixsvc.operations.control.socket_file import check_length

    path: str = given.socket
    if path is None:
        path = read_settings(given.config).within(current_directory()).server.control
        if not path:
            raise MixError(
                "the service of these settings has no socket: [server] control is empty, or the database is in memory"
            )
    check_length(path)
    return path


def _failed(path: str, error: OSError) -> MixError:
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        return MixError(
            f"no service listens at {path}; start it, or go to its folder, or name its settings file (--config) or its "
            "socket (--socket)"
        )
    if isinstance(error, PermissionError):
        return MixError(f"you may not use {path}: only root and the user of the service may")
    if isinstance(error, TimeoutError | BlockingIOError):
        return MixError(f"the service at {path} has not answered in time; it is busy, or stopped")
    return MixError(f"the service at {path} cannot be asked ({error.strerror})")


def _checked(path: str, received: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(received)
    except ValueError:
        raise MixError(f"the service at {path} has ended before its answer") from None
    if not isinstance(answer, dict) or "ok" not in answer:
        raise MixError(f"what listens at {path} is no service of mixsvc")
    if not answer["ok"]:
        raise MixError(str(answer.get("error")))
    return answer


CTL: Final = Command("ctl", "show what a running service does, or do something there", ABOUT, None, _run)
