"""One handshake whose view is offered a socket: from its arrival until the view and the client are done with it."""

import socket
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, Final, Protocol

from twisted.logger import Logger

from mixsvc.common.hook_paths import request_name
from mixsvc.holds.record import HeldRecord
from mixsvc.http.request import MixRequest
from mixsvc.sockets.admission import SocketAdmission
from mixsvc.sockets.pair import make_pair
from mixsvc.sockets.pair_end import PairEnd
from mixsvc.sockets.pump import Ending, SocketPump
from txsockjs.sockets import upgrade_connection

__all__ = ["OfferOwner", "SocketOffer"]


class OfferState(Enum):
    """How far it is."""

    # For a thread.
    WAITING = auto()
    # The view has neither taken the socket nor responded.
    UNDECIDED = auto()
    TAKEN = auto()
    # The view has responded over HTTP, its client has left before, or it was refused.
    DECLINED = auto()


class OfferOwner(Protocol):
    """Has all offers. Reactor thread."""

    def began(self, offer: Any) -> None:
        """Its view runs, until `view_ended`."""

    def taken(self, offer: Any) -> None:
        """Its view has taken the socket."""

    def view_ended(self, offer: Any) -> None:
        """The view's call has ended."""

    def left(self, offer: Any) -> None:
        """The client has no connection through it any more."""

    def too_slow(self) -> None:
        """A client is dropped, as it does not read or has gone."""

    def abort_later(self, seconds: float, offer: Any) -> None:
        """Abort it after so many seconds, if it has not left before; replaces what was to come later."""

    def look_later(self, seconds: float, offer: Any) -> None:
        """Call its `look_whether_over` after so many seconds, likewise."""

    def refuse(self, offer: Any, reason: str) -> None:
        """Respond that there is no socket."""


class SocketOffer:
    """A Handshake (mixsvc.sockets.admission). Reactor thread.

    admission: decides when its view runs; set before it waits for that. bucket: belongs to the crowd.
    """

    _log: Final = Logger("mixsvc.web")

    bucket: int

    def __init__(
        self, reactor: Any, owner: OfferOwner, request: MixRequest, run: "Callable[[SocketOffer], None]"
    ) -> None:
        """run: runs the view, with the socket that `make_socket` returns, calls `watch_client`; then `view_ended`."""
        self.request = request
        self.admission: SocketAdmission[SocketOffer] | None = None
        self._reactor = reactor
        self._owner = owner
        self._run = run
        self._state = OfferState.WAITING
        self._pair: PairEnd | None = None
        self._pump: SocketPump | None = None
        self._response_left: Callable[[], None] = _nothing
        request.client_left = self._client_left

    @property
    def name(self) -> str:
        """The request for logs, such as GET /echo."""
        return request_name(self.request.method.decode("latin-1"), self.request.path.decode("latin-1"))

    # For whoever runs the view

    def begin(self) -> None:
        """See Handshake."""
        self._state = OfferState.UNDECIDED
        self._owner.began(self)
        self._run(self)

    @property
    def is_taken(self) -> bool:
        """Whether the view has taken the socket."""
        return self._state is OfferState.TAKEN

    def cannot_begin(self, error: Exception) -> None:
        """The view cannot run, as the system has no file or no thread for it."""
        self._log.error("sockets: there is none for {request}: {error}", request=self.name, error=str(error))
        self.refuse_full()
        self.view_ended()

    def refuse_full(self) -> None:
        """See Handshake."""
        self.refuse("threads")

    def refuse(self, reason: str) -> None:
        """Respond that there is no socket, and why."""
        self._decline()
        self._owner.refuse(self, reason)

    def make_socket(self) -> socket.socket:
        """The view's end of a new pair. Raises OSError."""
        ours, theirs = make_pair()
        self._pair = PairEnd(self._reactor, ours, self)
        return theirs

    def watch_client(self) -> None:
        """Called when the request's `client_left` is that of the response."""
        self._response_left = self.request.client_left or _nothing
        self.request.client_left = self._client_left

    def calls(self, call_in_reactor: Callable[..., None]) -> Callable[..., None]:
        """The same as call_in_reactor, for calls that carry the view's response.

        A view may write to its socket and respond at once: the socket is looked at first, and if the view has taken it,
        nobody gets the response.
        """
        return lambda function, *args: call_in_reactor(self.respond, function, *args)

    def respond(self, function: Callable[..., object], *args: object) -> None:
        """Call function(*args), which responds unless the client is said to have left."""
        self._look()
        if self._state is OfferState.UNDECIDED:
            self._decline()
        function(*args)

    def view_ended(self) -> None:
        """The view's call has ended; what it wrote may still be in the pair."""
        self._look()
        if self._state is OfferState.UNDECIDED:
            self._decline()
        if self._pump is not None:
            self._pump.view_returned()
        self._owner.view_ended(self)

    # For the owner

    def beat(self) -> None:
        """Called from time to time: see whether the client is there."""
        if self._pump is not None:
            self._pump.look()

    def end(self, ending: Ending) -> None:
        """Close the client's connection, if the view has taken it."""
        if self._pump is not None:
            self._pump.end(ending)

    def look_whether_over(self) -> None:
        """See whether the view, which has returned, has closed the client's connection."""
        if self._pump is not None:
            self._pump.look_whether_over()

    def abort(self) -> None:
        """Close it at once."""
        if self._pump is not None:
            self._pump.abort()

    # For our end of the pair

    def came(self, data: bytes) -> None:
        """See PairOwner: the view takes the socket."""
        assert self._pair is not None
        self._state = OfferState.TAKEN
        request = self.request
        # It is logged at the end.
        request.is_held = True
        self._pump = self._pair.owner = pump = SocketPump(self, HeldRecord(request), self._pair)
        request.client_left = None
        upgrade_connection(request, pump)
        # So that whatever the view says over HTTP is not sent.
        self._response_left()
        pump.came(data)
        self._owner.taken(self)

    def ended(self) -> None:
        """See PairOwner: the view has closed the socket and not taken it."""

    def taken(self) -> None:
        """See PairOwner; nothing is sent before the view has taken the socket."""

    # For the pump

    def lost(self) -> None:
        """See PumpOwner."""
        self._owner.left(self)

    def too_slow(self) -> None:
        """See PumpOwner."""
        self._owner.too_slow()

    def abort_later(self, seconds: float) -> None:
        """See PumpOwner."""
        self._owner.abort_later(seconds, self)

    def look_later(self, seconds: float) -> None:
        """See PumpOwner."""
        self._owner.look_later(seconds, self)

    def _look(self) -> None:
        """Read what the view has written."""
        if self._state is OfferState.UNDECIDED and self._pair is not None:
            self._pair.read_now()

    def _decline(self) -> None:
        self._state = OfferState.DECLINED
        if self._pair is not None:
            self._pair.close()
        self._owner.left(self)

    def _client_left(self) -> None:
        self._decline()
        self._response_left()


def _nothing() -> None:
    """Nobody is to be told."""
