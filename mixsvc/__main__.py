"""python -m mixsvc: small command-line tools. `twistd mixsvc` runs the service itself."""

import argparse
import getpass
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred

from mixsvc.client.address import parse_url
from mixsvc.client.client import ChatClient
from mixsvc.client.errors import ClientError
from mixsvc.client.say_command import GivenTexts, LineReader, SayJob, say_all
from mixsvc.config import parsers
from mixsvc.errors import MixError
from txsockjs.clock import steady

__all__ = ["main"]

T = TypeVar("T")

URL: Final = "ws://127.0.0.1:8080/chat/websocket"
STANDARD_INPUT: Final = 0

ABOUT: Final = "Tools for the service, which is started by: twistd -n mixsvc"
SAY: Final = (
    "Sends a message to a room and waits until the server has stored it. Prints nothing on success; "
    "on failure it prints one line on stderr and exits with status 1."
)
HASH: Final = (
    "Asks for a password twice (without a terminal it reads one line) and prints its hash, "
    "for a line NAME:HASH of [chat] moderators."
)


def main(arguments: Sequence[str]) -> int:
    """Run a command; returns the exit status: 0, or 1 after a line on stderr. Called once in a process.

    Raises SystemExit with status 2 for a wrong command line, and with 0 after --help.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.run is None:
        parser.print_help()
        return 0
    try:
        options.run(options)
    except MixError as error:
        print(f"mixsvc: {_one_line(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mixsvc", description=ABOUT)
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    say = commands.add_parser("say", help="send a message to a room of a running chat", description=SAY)
    _add_say_options(say)
    hashing = commands.add_parser("hash-password", help="hash a moderator's password", description=HASH)
    hashing.set_defaults(run=_hash_password)
    return parser


def _add_say_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--room", required=True, help="the room, such as lobby")
    parser.add_argument("--name", help="the name of the sender [default: the system user's]")
    parser.add_argument(
        "--url", type=_checked(_url), default=URL, help="the URL of the chat's WebSocket [default: %(default)s]"
    )
    seconds = _checked(parsers.seconds(0.1, 3600))
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=10.0,
        help="time limit in seconds, to connect and for each message [default: %(default)g]",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="print the number of each message")
    parser.add_argument("text", help="the message; - sends each line of standard input except empty ones")
    parser.set_defaults(run=_say)


def _checked(parse: Callable[[str], T]) -> Callable[[str], T]:
    """Turn a ValueError into the exception whose text argparse shows."""

    def checked(text: str) -> T:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked


def _url(text: str) -> str:
    parse_url(text)
    return text


def _say(options: argparse.Namespace) -> None:
    from twisted.internet import reactor

    steady(reactor)
    name = options.name or _user()
    texts = LineReader(reactor, STANDARD_INPUT) if options.text == "-" else GivenTexts([options.text])
    job = SayJob(options.room, texts, options.timeout, print if options.verbose else _say_nothing)
    _run(lambda: say_all(reactor, lambda: ChatClient(reactor, options.url, name), job))


def _run(begin: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run the reactor until the coroutine ends. Raises what it raises, and ClientError if a signal comes first."""
    from twisted.internet import reactor

    outcome: list[BaseException | None] = []

    def started() -> None:
        done = Deferred.fromCoroutine(begin())
        done.addCallbacks(lambda _: outcome.append(None), lambda failure: outcome.append(failure.value))
        done.addCallback(lambda _: reactor.stop())

    reactor.callWhenRunning(started)
    reactor.run()
    if not outcome:
        raise ClientError("interrupted before the server acknowledged the message")
    if outcome[0] is not None:
        raise outcome[0]


def _say_nothing(number: int) -> None:
    """Prints nothing, unlike print."""


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise ClientError("the system has no name for your user; give a name with --name") from None


def _hash_password(options: argparse.Namespace) -> None:
    from werkzeug.security import generate_password_hash

    password = _ask_twice() if sys.stdin is not None and sys.stdin.isatty() else _read_line()
    if not password:
        raise ClientError("the password is empty; enter one")
    print(generate_password_hash(password, method="scrypt"))


def _ask_twice() -> str:
    password = getpass.getpass("Password: ")
    if password and getpass.getpass("Again: ") != password:
        raise ClientError("the two passwords differ; try again")
    return password


def _read_line() -> str:
    return sys.stdin.readline().rstrip("\r\n") if sys.stdin is not None else ""


def _one_line(text: str) -> str:
    """The text without characters that control a terminal: it may come from a server."""
    return "".join(character if character.isprintable() else " " for character in text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
