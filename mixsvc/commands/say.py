"""mixsvc say: a message to a room of a running chat."""

import argparse
import getpass
import socket
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.logger import globalLogBeginner

from mixsvc.client.address import parse_url
from mixsvc.client.client import ChatClient
from mixsvc.client.errors import ClientError
from mixsvc.client.say_command import GivenTexts, LineReader, SayJob, say_all
from mixsvc.commands.command import Command, checked
from mixsvc.commands.output import OutputLost, show
from mixsvc.config import parsers
from mixsvc.config.chat_url import chat_urls
from mixsvc.config.ini import RawSetting
from mixsvc.config.reading import read_settings
from txsockjs.clock import steady

__all__ = ["SAY", "addresses", "reached"]

STANDARD_INPUT: Final = 0

# How long a port of this machine may take to accept a connection.
OPEN_SECONDS: Final = 2.0


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--room", required=True, help="the room, such as lobby")
    parser.add_argument("--name", help="the name of the sender [default: the system user's]")
    parser.add_argument("--config", help="the settings file of the service, which says where it listens")
    parser.add_argument("--port", help="the TCP port of the service on this machine [default: 8080]")
    parser.add_argument(
        "--url",
        type=checked(_url),
        help="the URL of the chat's WebSocket instead, such as wss://chat.example.org/chat/websocket "
        "[default: ws://127.0.0.1:8080/chat/websocket]",
    )
    parser.add_argument(
        "--timeout",
        type=checked(parsers.seconds(0.1, 3600)),
        default=10.0,
        help="time limit in seconds, to connect and for each message [default: %(default)g]",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="print the number of each message")
    parser.add_argument("text", help="the message; - sends each line of standard input except empty ones")


def _url(text: str) -> str:
    parse_url(text)
    return text


def _say(options: argparse.Namespace) -> int:
    from twisted.internet import reactor

    steady(reactor)
    # What fails is told in one line; Twisted logs a traceback of a certificate that names no host.
    globalLogBeginner.beginLoggingTo([], discardBuffer=True, redirectStandardIO=False)
    urls, name = addresses(options), options.name or _user()
    url = reached(urls)
    texts = LineReader(reactor, STANDARD_INPUT) if options.text == "-" else GivenTexts([options.text])
    said = _show_number if options.verbose else _say_nothing
    job = SayJob(options.room, texts, options.timeout, said, urls if url is None else [url])
    _run(lambda: say_all(reactor, lambda: ChatClient(reactor, url or urls[0], name), job))
    return 0


def addresses(options: argparse.Namespace) -> Sequence[str]:
    """Returns the URLs that the chat may have, as the options of `say` give them. Raises MixError."""
    if options.url is None:
        port = RawSetting(options.port or "", "--port", "command line")
        # The port of [chat] listen would be another one.
        given = {("server", "port"): port, ("chat", "listen"): RawSetting("", port.name, port.place)}
        return chat_urls(read_settings(options.config, {} if options.port is None else given))
    if options.port is not None or options.config is not None:
        raise ClientError("--url names the port and all else; give it without --port and --config")
    return [options.url]


def reached(urls: Sequence[str]) -> str | None:
    """Returns the only URL, or the first of several at which something listens; None if nothing does. Blocks."""
    if len(urls) == 1:
        return urls[0]
    return next(filter(_is_open, urls), None)


def _is_open(url: str) -> bool:
    uri = parse_url(url)
    try:
        socket.create_connection((uri.host, uri.port), OPEN_SECONDS).close()
    except OSError:
        return False
    return True


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


def _show_number(number: int) -> None:
    """Print the number of a message, which is stored even if that fails."""
    try:
        show(number)
    except BrokenPipeError:
        # Whoever reads has enough of the numbers.
        return
    except OutputLost as lost:
        print(f"mixsvc: {lost}", file=sys.stderr)


def _say_nothing(number: int) -> None:
    """Prints nothing, unlike _show_number."""


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise ClientError("the system has no name for your user; give a name with --name") from None


SAY: Final = Command(
    "say",
    "send a message to a room of a running chat",
    "Sends a message to a room and waits until the server has stored it. Prints nothing on success; on failure it "
    "prints one line on stderr and exits with status 1.",
    _add_options,
    _say,
)
