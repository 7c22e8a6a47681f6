"""The public class: a session with the server over a connection that is made again when it is lost."""

import secrets
from collections.abc import Mapping
from typing import Any, Final

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from websockets.client import ClientProtocol

from mixsvc.client.address import endpoint, parse_url
from mixsvc.client.connection import ClientConnection, ConnectionListener
from mixsvc.client.errors import ClientError, Stopped
from mixsvc.client.events import Connecting, Ended, Offline, Online, RoomListener, State, StateListener
from mixsvc.client.handlers import receive
from mixsvc.client.options import Options
from mixsvc.client.parsing import BadMessage
from mixsvc.client.reconnecting import ReconnectingConnection
from mixsvc.client.requests import HelloRequest
from mixsvc.client.session import ClientSession
from mixsvc.interfaces import ChatPage, SearchPage

__all__ = ["ChatClient"]

TOKEN_BYTES: Final = 24
DEFAULTS: Final = Options()
STOPPED: Final = "The client was stopped."

_log = Logger()


class ChatClient:
    """A member of the chat. Call every method in the reactor thread; it calls every callback there.

    A lost connection is made again, after a delay that grows with each failure; what is said meanwhile waits. A room's
    listener gets each message once and in order, whatever happens to the connections. A Deferred fails with Refused
    when the server refuses the request, with Banned when a moderator bans this client, and with Stopped when the client
    is stopped before the answer.
    """

    def __init__(
        self, reactor: Any, url: str, name: str, token: str | None = None, options: Options = DEFAULTS
    ) -> None:
        """url: of the chat's raw WebSocket, such as ws://127.0.0.1:8080/chat/websocket. name: to use in the chat.

        token: a random secret of 16 to 64 characters: to the server, clients with the same token are one person. None:
        the client makes one. Connects nothing before `start`. Raises BadUrl.
        """
        self._reactor, self._options = reactor, options
        self._uri = parse_url(url)
        hello = HelloRequest(name, token if token is not None else secrets.token_urlsafe(TOKEN_BYTES))
        self._session = ClientSession(reactor, hello, options, self)
        self._connection = ReconnectingConnection(
            reactor, endpoint(reactor, self._uri, options), self._make_connection, self, options
        )
        self._listeners: list[StateListener] = []
        self._online: Deferred[None] | None = None
        # Runs from `stop` on, while the outbox is sent.
        self._stop_timer: IDelayedCall | None = None
        self._error: ClientError | None = None
        self._gone: list[Deferred[None]] = []
        self._is_gone = False

    @property
    def trouble(self) -> str:
        """What holds the client up at the moment, a sentence for the user; "" when nothing does."""
        return self._session.trouble

    def on_state(self, listener: StateListener) -> None:
        """Call the listener with Connecting, Online, Offline and Ended from now on."""
        self._listeners.append(listener)

    def start(self) -> "Deferred[None]":
        """Connect. Fires when the server has accepted the name for the first time. Call it once.

        Fails with what ends the client before, such as Refused and Stopped; at once if it has ended already.
        """
        if self._error is not None or not self._is_open():
            return fail(self._error or Stopped(STOPPED))
        online: Deferred[None] = Deferred()
        self._online = online
        self._connection.start()
        return online

    def stop(self, seconds: float = 5) -> "Deferred[None]":
        """Send what waits, for this many seconds at most, and disconnect; fires when the connection is gone.

        What waits are texts, edits and deletions that are not stored yet, and no questions. Does nothing if it was
        called before, or if the client has ended by itself.
        """
        if self._is_gone:
            return succeed(None)
        gone: Deferred[None] = Deferred()
        self._gone.append(gone)
        if self._error is None and self._stop_timer is None:
            self._stop_timer = self._reactor.callLater(seconds, self._end, Stopped(STOPPED), None)
            self._end_if_stored()
        return gone

    def join(self, room: str, listener: RoomListener, since: int | None = None, token: str = "") -> "Deferred[None]":
        """Be a member of a room until `leave`, over all connections; fires when the server lets the client in first.

        The listener gets each message (ChatMessage) with a number above `since`, once and in order; without `since`,
        the newest that the server sends and those to come. It also gets Missed, BegunAnew, Deleted, Edited and Removed.
        token: what `token` returned when the number was `since`. Fails with Refused, with NotInside when the room is
        left before, and with Stopped.
        """
        return self._session.join(room, listener, since, token) if self._is_open() else fail(Stopped(STOPPED))

    def token(self, room: str) -> str:
        """Which history the messages of a joined room belong to, in the server's words; "" while that is not known.

        A program that keeps the number of its last message, for `join` after a restart, keeps this text with it.
        """
        return self._session.token(room)

    def leave(self, room: str) -> None:
        """Leave a room. Its listener is not called any more, and what waits to be said there fails with NotInside.

        Does nothing for a room that was not joined.
        """
        self._session.leave(room)

    def say(self, room: str, text: str) -> "Deferred[int]":
        """Say a text in a joined room; the server stores it exactly once. Fires with its number when it is stored.

        The texts of a room keep their order. A text whose Deferred is cancelled before it was sent is not sent. Fails
        with NotInside, QueueFull, Refused, Stopped, and with NothingSaid for a command that the server answers.
        """
        return self._session.say(room, text) if self._is_open() else fail(Stopped(STOPPED))

    def history(self, room: str, before: int | None = None, limit: int | None = None) -> "Deferred[ChatPage]":
        """Fetch messages of a room: the newest `limit` (1 to 200; None: 50) of those with numbers below `before`.

        before: None for the newest of all. Fails with QueueFull, Refused and Stopped.
        """
        return self._session.history(room, before, limit) if self._is_open() else fail(Stopped(STOPPED))

    def search(
        self, text: str, room: str = "", before: Mapping[str, int] | None = None, limit: int | None = None
    ) -> "Deferred[SearchPage]":
        """Find the newest `limit` (1 to 50; None: 20) messages that have all words of a text, whatever their case.

        room: "" for all that the client is in. before: the one of the last page, to go on there. Fails with QueueFull,
        Refused and Stopped.
        """
        return self._session.search(text, room, before, limit) if self._is_open() else fail(Stopped(STOPPED))

    def edit(self, room: str, number: int, text: str) -> "Deferred[None]":
        """Give a message of one's own in a joined room another text; fires when it is stored.

        Fails with NotInside, QueueFull, Refused (such as not_allowed, if it is not one's own or too old) and Stopped.
        """
        return self._session.change(room, number, text) if self._is_open() else fail(Stopped(STOPPED))

    def delete(self, room: str, number: int) -> "Deferred[None]":
        """Delete a message of one's own in a joined room; fires when that is stored. Fails as `edit` does."""
        return self._session.change(room, number, None) if self._is_open() else fail(Stopped(STOPPED))

    # Called by the connection

    def connecting(self) -> None:
        """See ReconnectingListener."""
        self._notify(Connecting())

    def opened(self, connection: ClientConnection) -> None:
        """See ReconnectingListener."""
        if self._error is None:
            self._session.connected(connection.send)

    def received(self, text: str) -> None:
        """See ReconnectingListener."""
        if self._error is not None:
            return
        try:
            receive(self._session, text)
        except BadMessage as bad:
            self._connection.drop(str(bad))
        self._end_if_stored()

    def ping_sent(self) -> None:
        """See ReconnectingListener."""
        if self._session.is_overdue():
            self._connection.drop("the server does not answer")

    def lost(self, code: int, reason: str) -> None:
        """See ReconnectingListener."""
        if self._error is None:
            self._session.disconnected(code, reason)

    def waiting(self, seconds: float, reason: str) -> None:
        """See ReconnectingListener."""
        _log.info("client: offline ({reason}), connecting again in {seconds:.1f} s", reason=reason, seconds=seconds)
        self._notify(Offline(seconds, reason))

    # Called by the session

    def welcomed(self, name: str) -> None:
        """See SessionOwner."""
        _log.info("client: online as {name!r}", name=name)
        self._notify(Online(name))
        if self._online is not None and not self._online.called:
            self._online.callback(None)

    def sent_away(self, seconds: float | None) -> None:
        """See SessionOwner."""
        self._connection.come_back_after(seconds)

    def outbox_emptied(self) -> None:
        """See SessionOwner."""
        self._end_if_stored()

    def ended(self, error: ClientError) -> None:
        """See SessionOwner."""
        self._end(error, error)

    def _is_open(self) -> bool:
        return self._stop_timer is None

    def _end_if_stored(self) -> None:
        """End a client that is to stop, if nothing waits any more."""
        if self._stop_timer is not None and self._session.is_stored:
            self._end(Stopped(STOPPED), None)

    def _end(self, error: ClientError, reported: ClientError | None) -> None:
        """error: for the Deferreds that wait; reported: for the listeners of the state."""
        if self._error is not None:
            return
        self._error = error
        stop_timer, self._stop_timer = self._stop_timer, None
        if stop_timer is not None and stop_timer.active():
            stop_timer.cancel()
        self._session.end(error)
        if self._online is not None and not self._online.called:
            self._online.errback(error)
        self._connection.stop().addCallback(self._connection_gone, reported)

    def _connection_gone(self, _: None, reported: ClientError | None) -> None:
        self._is_gone = True
        self._notify(Ended(reported))
        waiting, self._gone = self._gone, []
        for gone in waiting:
            gone.callback(None)

    def _notify(self, state: State) -> None:
        for listener in list(self._listeners):
            try:
                listener(state)
            except Exception:
                _log.failure("client: a listener of the state failed")

    def _make_connection(self, listener: ConnectionListener) -> ClientConnection:
        return ClientConnection(
            self._reactor, ClientProtocol(self._uri, max_size=self._options.max_message), listener, self._options
        )
