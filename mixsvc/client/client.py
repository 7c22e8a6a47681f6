"""The chat client: the dialogue with the server, over a line that comes back by itself."""

import secrets
from typing import Any, Final

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from websockets.client import ClientProtocol

from mixsvc.client.address import endpoint, parse_url
from mixsvc.client.connection import Link, LinkListener
from mixsvc.client.errors import ClientError, Stopped
from mixsvc.client.events import Connecting, Ended, Offline, Online, RoomListener, State, StateListener
from mixsvc.client.handlers import receive
from mixsvc.client.options import Options
from mixsvc.client.parsing import BadMessage
from mixsvc.client.reconnecting import Line
from mixsvc.client.requests import Hello
from mixsvc.client.session import Dialogue
from mixsvc.interfaces import ChatPage

__all__ = ["ChatClient"]

TOKEN_BYTES: Final = 24
DEFAULTS: Final = Options()
STOPPED: Final = "The client was stopped."

_log = Logger()


class ChatClient:
    """Somebody in the chat. Every method is called in the reactor thread, and every callback is called there.

    A lost connection is made anew, later each time; until then what is said waits. Each message of a room is told once
    and in order, whatever happens to the connections. What waits for an answer fails with Refused when the server says
    no, with Banned when a moderator sends us away, and with Stopped when the client is stopped before.
    """

    def __init__(
        self, reactor: Any, url: str, name: str, token: str | None = None, options: Options = DEFAULTS
    ) -> None:
        """url: of the chat's raw WebSocket, such as ws://127.0.0.1:8080/chat/websocket. name: ours in the chat.

        token: 16 to 64 characters, chosen at random and kept secret: whoever says the same is the same person. None:
        one of this client's own. Nothing is connected before `start`. Raises BadUrl.
        """
        self._reactor, self._options = reactor, options
        self._uri = parse_url(url)
        hello = Hello(name, token if token is not None else secrets.token_urlsafe(TOKEN_BYTES))
        self._dialogue = Dialogue(reactor, hello, options, self)
        self._line = Line(reactor, endpoint(reactor, self._uri, options), self._make_link, self, options)
        self._listeners: list[StateListener] = []
        self._online: Deferred[None] | None = None
        # Runs while the client stops and something still waits to be said.
        self._patience: IDelayedCall | None = None
        self._error: ClientError | None = None
        self._gone: list[Deferred[None]] = []
        self._is_gone = False

    @property
    def trouble(self) -> str:
        """What stands in the way at the moment, a sentence for the person; "" when nothing does."""
        return self._dialogue.trouble

    def on_state(self, listener: StateListener) -> None:
        """From now on the listener is told when the connection is made, lost or given up."""
        self._listeners.append(listener)

    def start(self) -> "Deferred[None]":
        """Connect. Fires when the server knows us for the first time; called once."""
        online: Deferred[None] = Deferred()
        self._online = online
        self._line.start()
        return online

    def stop(self, seconds: float = 5) -> "Deferred[None]":
        """Say what waits to be said, within that time, and disconnect; fires when the connection is gone.

        Harmless a second time, and after the client has ended by itself.
        """
        if self._is_gone:
            return succeed(None)
        gone: Deferred[None] = Deferred()
        self._gone.append(gone)
        if self._error is None and self._patience is None:
            self._patience = self._reactor.callLater(seconds, self._end, Stopped(STOPPED), None)
            if not self._dialogue.sayings:
                self.settled()
        return gone

    def join(self, room: str, listener: RoomListener, since: int | None = None) -> "Deferred[None]":
        """Be in a room until `leave`, over all connections; fires when we are inside for the first time.

        The listener is told each message (ChatMessage) with a number above `since`, once and in order; without `since`
        the newest that the server offers, then those to come. In between it is told Missed, BegunAnew, Deleted and
        Removed. Fails with Refused, and when the room is left before.
        """
        return self._dialogue.join(room, listener, since) if self._is_open() else fail(Stopped(STOPPED))

    def leave(self, room: str) -> None:
        """Be in the room no longer; its listener is told nothing more. What waits to be said there fails (NotInside).

        Harmless for a room that was not joined.
        """
        self._dialogue.leave(room)

    def say(self, room: str, text: str) -> "Deferred[int]":
        """Say a text in a room that was joined; fires with its number once the server has stored it, exactly once.

        Texts of a room keep their order. Cancelled, it is not sent any more if it has not been. Fails with NotInside,
        QueueFull, Refused, and NothingSaid for a command that is answered for us alone.
        """
        return self._dialogue.say(room, text) if self._is_open() else fail(Stopped(STOPPED))

    def history(self, room: str, before: int | None = None, limit: int | None = None) -> "Deferred[ChatPage]":
        """Messages of a room: the newest `limit` (1 to 200; None: 50) of those with numbers below `before`.

        Fails with QueueFull and Refused.
        """
        return self._dialogue.history(room, before, limit) if self._is_open() else fail(Stopped(STOPPED))

    # For the line

    def connecting(self) -> None:
        """See LineListener."""
        self._tell(Connecting())

    def opened(self, link: Link) -> None:
        """See LineListener."""
        if self._error is None:
            self._dialogue.connected(link.send)

    def received(self, text: str) -> None:
        """See LineListener."""
        if self._error is not None:
            return
        try:
            receive(self._dialogue, text)
        except BadMessage as bad:
            self._line.drop(str(bad))

    def ticked(self) -> None:
        """See LineListener."""
        if self._dialogue.hangs():
            self._line.drop("the server does not answer")

    def lost(self, code: int, reason: str) -> None:
        """See LineListener."""
        if self._error is None:
            self._dialogue.disconnected(code, reason)

    def waiting(self, seconds: float, reason: str) -> None:
        """See LineListener."""
        _log.info("client: offline ({reason}), connecting again in {seconds:.1f} s", reason=reason, seconds=seconds)
        self._tell(Offline(seconds, reason))

    # For the dialogue

    def greeted(self, name: str) -> None:
        """See Owner."""
        _log.info("client: online as {name!r}", name=name)
        self._tell(Online(name))
        if self._online is not None and not self._online.called:
            self._online.callback(None)

    def settled(self) -> None:
        """See Owner."""
        if self._patience is not None:
            self._end(Stopped(STOPPED), None)

    def ended(self, error: ClientError) -> None:
        """See Owner."""
        self._end(error, error)

    def _is_open(self) -> bool:
        return self._patience is None

    def _end(self, error: ClientError, told: ClientError | None) -> None:
        """error: for those who wait; told: for the listeners of the state."""
        if self._error is not None:
            return
        self._error = error
        patience, self._patience = self._patience, None
        if patience is not None and patience.active():
            patience.cancel()
        self._dialogue.end(error)
        if self._online is not None and not self._online.called:
            self._online.errback(error)
        self._line.stop().addCallback(self._line_gone, told)

    def _line_gone(self, _: None, told: ClientError | None) -> None:
        self._is_gone = True
        self._tell(Ended(told))
        waiting, self._gone = self._gone, []
        for gone in waiting:
            gone.callback(None)

    def _tell(self, state: State) -> None:
        for listener in list(self._listeners):
            try:
                listener(state)
            except Exception:
                _log.failure("client: a listener of the state failed")

    def _make_link(self, listener: LinkListener) -> Link:
        return Link(
            self._reactor, ClientProtocol(self._uri, max_size=self._options.max_message), listener, self._options
        )
