r"""The endpoint description `sockjs:`, which serves any factory over SockJS.

sockjs:tcp:9090:interface=0.0.0.0:sockjs_encoding=utf8 listens on the endpoint tcp:9090:interface=0.0.0.0. Parameters
whose names begin with sockjs_ are the options of SockJSFactory; values are yes or no, numbers, or text, and lists are
separated by commas.

txsockjs 1.2.2 had another form, which works as well: the whole endpoint is escaped, as one part, and then all
parameters are options: sockjs:tcp\:9090\:interface\=0.0.0.0:encoding=utf8.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import quoteStringArgument, serverFromString
from twisted.internet.interfaces import (
    IListeningPort,
    IProtocolFactory,
    IReactorCore,
    IReactorTime,
    IStreamServerEndpoint,
)
from zope.interface import implementer

from txsockjs._protocol.errors import BadOption
from txsockjs._protocol.options import Options, make_options
from txsockjs.factory import SockJSFactory

__all__ = ["SockJSEndpoint", "parse_server"]

PREFIX: Final = "sockjs_"
TRUTH: Final = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}

# The type of each option.
KINDS: Final = {each.name: each.type for each in fields(Options)}


@implementer(IStreamServerEndpoint)
class SockJSEndpoint:
    """Serves a factory over SockJS, on another endpoint."""

    def __init__(self, clock: IReactorTime, endpoint: IStreamServerEndpoint, options: Mapping[str, object]) -> None:
        self._clock = clock
        self._endpoint = endpoint
        self._options = options

    def listen(self, protocolFactory: IProtocolFactory) -> "Deferred[IListeningPort]":
        """Serve the factory on the other endpoint. The Deferred fires as that endpoint's does."""
        return self._endpoint.listen(SockJSFactory(protocolFactory, self._options, self._clock))


def parse_server(reactor: IReactorCore, args: tuple[str, ...], kwargs: Mapping[str, str]) -> SockJSEndpoint:
    """The endpoint for a description; args and kwargs: its parts, as Twisted's parser gives them.

    Raises BadOption, and what Twisted raises for the description without `sockjs:`.
    """
    # The kind of an endpoint has no colon, so a colon in its place was escaped.
    is_escaped = bool(args) and ":" in args[0]
    below = _escaped(args) if is_escaped else _joined(args, kwargs)
    given = {name: text for name, text in kwargs.items() if is_escaped or name.startswith(PREFIX)}
    # The name of one option begins with the prefix itself.
    texts = {name if name in KINDS else name.removeprefix(PREFIX): text for name, text in given.items()}
    values = {name: _value(name, text) for name, text in texts.items()}
    # Checked here, so that a mistake shows when the description is read, not when the endpoint listens.
    make_options(values)
    return SockJSEndpoint(IReactorTime(reactor), serverFromString(reactor, below), values)


def _escaped(args: tuple[str, ...]) -> str:
    """The endpoint below, which is one part, in the form of 1.2.2."""
    if len(args) > 1:
        raise BadOption(
            f"sockjs: cannot tell what {args[1]!r} behind the escaped endpoint {args[0]!r} is: "
            "give options such as encoding=utf8 there, or escape nothing"
        )
    return args[0]


def _joined(args: tuple[str, ...], kwargs: Mapping[str, str]) -> str:
    """The endpoint below, from the parts that are not options."""
    rest = [f"{name}={quoteStringArgument(text)}" for name, text in kwargs.items() if not name.startswith(PREFIX)]
    return ":".join([*map(quoteStringArgument, args), *rest])


def _value(name: str, text: str) -> object:
    kind = KINDS.get(name)
    try:
        if kind is bool:
            return TRUTH[text.lower()]
        if kind is int or kind is float:
            return kind(text)
    except (KeyError, ValueError):
        wanted = "yes or no" if kind is bool else "a number"
        raise BadOption(f"parameter {name}={text} of sockjs: is not valid: give {wanted}") from None
    return text.split(",") if name == "origins" else text
