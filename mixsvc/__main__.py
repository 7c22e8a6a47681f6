"""python -m mixsvc: small tools beside the service, which `twistd mixsvc` runs."""

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

__all__ = ["main"]

T = TypeVar("T")

URL: Final = "ws://127.0.0.1:8080/chat/websocket"
STANDARD_INPUT: Final = 0

ABOUT: Final = "Tools beside the service. The service itself is started with: twistd -n mixsvc"
SAY: Final = (
    "Says a text in a room and waits until the server has stored it. Prints nothing then; "
    "otherwise one line on stderr, and the exit status is 1."
)
HASH: Final = (
    "Asks twice for a password, or reads one line where there is no terminal, and prints its hash "
    "for a line of [chat] moderators: NAME:HASH"
)


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says; returns the exit status: 0, or 1 with a line on stderr. Called once a process.

    Raises SystemExit with status 2 for a command line that is wrong, and with 0 after --help.
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
    say = commands.add_parser("say", help="say something in a room of a running chat", description=SAY)
    _add_say_options(say)
    hashing = commands.add_parser("hash-password", help="hash a moderator's password", description=HASH)
    hashing.set_defaults(run=_hash_password)
    return parser


def _add_say_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--room", required=True, help="the room, such as lobby")
    parser.add_argument("--name", help="the name to say it under [default: the system user's]")
    parser.add_argument("--url", type=_checked(_url), default=URL, help="the chat's WebSocket [default: %(default)s]")
    seconds = _checked(parsers.seconds(0.1, 3600))
    parser.add_argument(
        "--timeout", type=seconds, default=10.0, help="seconds to connect, and for each text [default: %(default)g]"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="print the number of each message")
    parser.add_argument("text", help="what to say; - says each line of the standard input but empty ones")
    parser.set_defaults(run=_say)


def _checked(parse: Callable[[str], T]) -> Callable[[str], T]:
    """What argparse needs to show the text of a ValueError."""

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

    name = options.name or _user()
    texts = LineReader(reactor, STANDARD_INPUT) if options.text == "-" else GivenTexts([options.text])
    job = SayJob(options.room, texts, options.timeout, print if options.verbose else _say_nothing)
    _run(lambda: say_all(reactor, lambda: ChatClient(reactor, options.url, name), job))


def _run(begin: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run the reactor until it is done. Raises what it raises, and ClientError when a signal comes first."""
    from twisted.internet import reactor

    outcome: list[BaseException | None] = []

    def started() -> None:
        done = Deferred.fromCoroutine(begin())
        done.addCallbacks(lambda _: outcome.append(None), lambda failure: outcome.append(failure.value))
        done.addCallback(lambda _: reactor.stop())

    reactor.callWhenRunning(started)
    reactor.run()
    if not outcome:
        raise ClientError("interrupted before it was acknowledged")
    if outcome[0] is not None:
        raise outcome[0]


def _say_nothing(number: int) -> None:
    """In place of print."""


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise ClientError("the system does not know your name; give one with --name") from None


def _hash_password(options: argparse.Namespace) -> None:
    from werkzeug.security import generate_password_hash

    password = _asked() if sys.stdin is not None and sys.stdin.isatty() else _read()
    if not password:
        raise ClientError("the password is empty; nothing was hashed")
    print(generate_password_hash(password, method="scrypt"))


def _asked() -> str:
    password = getpass.getpass("Password: ")
    if password and getpass.getpass("Again: ") != password:
        raise ClientError("the two passwords differ; nothing was hashed")
    return password


def _read() -> str:
    return sys.stdin.readline().rstrip("\r\n") if sys.stdin is not None else ""


def _one_line(text: str) -> str:
    """What a server sends may hold anything, and goes to a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
