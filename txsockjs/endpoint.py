"""The endpoint description `sockjs:`, which serves any factory over SockJS.

sockjs:tcp:9090:interface=0.0.0.0:sockjs_encoding=utf8 listens on the endpoint tcp:9090:interface=0.0.0.0. Parameters
whose names begin with sockjs_ are the options of SockJSFactory; values are yes or no, numbers, or text, and lists are
separated by commas.
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
    options = {name.removeprefix(PREFIX): text for name, text in kwargs.items() if name.startswith(PREFIX)}
    values = {name: _value(name, text) for name, text in options.items()}
    # Checked here, so that a mistake shows when the description is read, not when the endpoint listens.
    make_options(values)
    rest = [f"{name}={quoteStringArgument(text)}" for name, text in kwargs.items() if not name.startswith(PREFIX)]
    below = ":".join([*map(quoteStringArgument, args), *rest])
    return SockJSEndpoint(IReactorTime(reactor), serverFromString(reactor, below), values)


def _value(name: str, text: str) -> object:
    kind = {each.name: each.type for each in fields(Options)}.get(name)
    try:
        if kind is bool:
            return TRUTH[text.lower()]
        if kind is int or kind is float:
            return kind(text)
    except (KeyError, ValueError):
        wanted = "yes or no" if kind is bool else "a number"
        raise BadOption(f"parameter {PREFIX + name}={text} is not valid: give {wanted}") from None
    return text.split(",") if name == "origins" else text
