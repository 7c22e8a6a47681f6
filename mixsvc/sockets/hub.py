"""All sockets of views: which requests may have one, and what becomes of them when the service stops."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from mixsvc.common.addresses import peer_network
from mixsvc.common.records import record
from mixsvc.config.settings import Settings
from mixsvc.holds.crowd import HeldCrowd
from mixsvc.holds.text_response import answer_busy, answer_refused, answer_text
from mixsvc.http.request import MixRequest
from mixsvc.sockets.offer import SocketOffer
from mixsvc.sockets.pump import Ending
from mixsvc.sockets.socketio import WaitingPolls
from txsockjs.sockets import PlainWebSockets

__all__ = ["SocketLimits", "SocketStats", "ViewSockets"]

FORBIDDEN: Final = "origin"
HANDSHAKE: Final = "handshake"

# The crowd's limit of all sockets: each kind of thread has its own.
ALL: Final = 2**62

# Why there is no socket, as the response says it; what is wrong with a handshake is said in place of its text.
REASONS: Final = {
    "threads": "No thread of this server is free for another WebSocket; try again later.",
    "address": "Too many WebSockets of this address are open here; try again later.",
    "stopping": "The service is stopping; try again later.",
    "unavailable": "No process of this server can answer the request now; try again later.",
    FORBIDDEN: "Pages of this origin may not open a WebSocket here.",
    HANDSHAKE: "",
}


@record
class SocketLimits:
    """each: sockets of one address. most: of all."""

    most: int
    each: int

    @classmethod
    def of(cls, settings: Settings) -> "SocketLimits":
        """The limits that are set."""
        most = settings.web.socket_threads * max(1, settings.web.processes)
        return cls(most, settings.web.sockets_per_address or most)


@record
class SocketStats:
    """open: sockets that views have taken. opened: ever. refused: by reason. slow: closed, as the client was gone.

    running: views that have not returned.
    """

    open: int
    opened: int
    refused: Mapping[str, int]
    slow: int
    running: int


class ViewSockets:
    """Offers sockets to views; an OfferOwner. polls: of those who have none. Belongs to the reactor thread."""

    _log: Final = Logger("mixsvc.web")

    def __init__(self, reactor: Any, limits: SocketLimits, origins: tuple[str, ...]) -> None:
        """origins: besides the service's own, those whose pages may open a WebSocket."""
        self._reactor = reactor
        self._most = limits.most
        # Those that wait for a thread count, too.
        self._crowd: HeldCrowd[SocketOffer] = HeldCrowd(reactor, ALL, limits.each)
        self._sockets = PlainWebSockets(reactor, {"origins": ("self", *origins)})
        self._open: set[SocketOffer] = set()
        # Those whose view has begun and not returned.
        self._running: set[SocketOffer] = set()
        self.polls: Final = WaitingPolls()
        self._opened = self._slow = 0
        self._refused = Counter(dict.fromkeys(REASONS, 0))
        self._stopped: Deferred[None] | None = None

    def prepare_reload(self, settings: Settings) -> Callable[[], None]:
        """Returns what makes another limit of an address and other origins count; open sockets stay. Any thread."""
        each = SocketLimits.of(settings).each
        change_origins = self._sockets.prepare_options({"origins": ("self", *settings.chat.origins)})

        def change() -> None:
            self._crowd.limit(ALL, each)
            change_origins()

        return change

    def stats(self) -> SocketStats:
        """What was counted until now."""
        return SocketStats(len(self._open), self._opened, self._refused, self._slow, len(self._running))

    def busy(self) -> list[str]:
        """The names of the requests whose view has not returned."""
        return [offer.name for offer in self._running]

    def take(
        self, request: MixRequest, submit: Callable[[SocketOffer], object], run: Callable[[SocketOffer], None]
    ) -> bool:
        """Offer a socket to the view of a request. Returns False if it opens no WebSocket, and does nothing then.

        submit: gets the offer, and has it admitted or refuses it. run: see SocketOffer.
        """
        if not self._most:
            return False
        if not self._sockets.is_handshake(request):
            return self._refuse_handshake(request)
        counted = peer_network(request.getClientAddress())
        reason = self._reason_against(request, counted)
        if reason:
            self._respond(request, reason)
            return True
        offer = SocketOffer(self._reactor, self, request, run)
        self._crowd.add(offer, counted)
        submit(offer)
        return True

    def _refuse_handshake(self, request: MixRequest) -> bool:
        """Answer a handshake that is not valid; returns False for what is none. The view could not answer it."""
        if not request.requestHeaders.hasHeader(b"upgrade"):
            return False
        refused = self._sockets.refusal(request)
        if refused is None:
            return False
        self._refused[HANDSHAKE] += 1
        answer_refused(request, refused)
        return True

    def _reason_against(self, request: MixRequest, counted: str) -> str:
        if self._stopped is not None:
            return "stopping"
        if not self._sockets.is_allowed(request):
            return FORBIDDEN
        return self._crowd.is_full(counted)

    # For the offers

    def began(self, offer: SocketOffer) -> None:
        """See OfferOwner."""
        self._running.add(offer)

    def taken(self, offer: SocketOffer) -> None:
        """See OfferOwner."""
        self._opened += 1
        self._open.add(offer)
        if offer.admission is not None:
            offer.admission.lasts(offer)
        if self._stopped is not None:
            offer.end(Ending.RESTART)

    def view_ended(self, offer: SocketOffer) -> None:
        """See OfferOwner."""
        self._running.discard(offer)
        if offer.admission is not None:
            offer.admission.ended(offer)
        self._check_stopped()

    def left(self, offer: SocketOffer) -> None:
        """See OfferOwner."""
        self._open.discard(offer)
        self._crowd.remove(offer)
        if offer.admission is not None:
            offer.admission.withdraw(offer)
        self._check_stopped()

    def too_slow(self) -> None:
        """See OfferOwner."""
        self._slow += 1

    def abort_later(self, seconds: float, offer: SocketOffer) -> None:
        """See OfferOwner."""
        self._crowd.end_later(offer, seconds, offer.abort)

    def look_later(self, seconds: float, offer: SocketOffer) -> None:
        """See OfferOwner."""
        self._crowd.end_later(offer, seconds, offer.look_whether_over)

    def refuse(self, offer: SocketOffer, reason: str) -> None:
        """See OfferOwner."""
        offer.request.client_left = None
        self._respond(offer.request, reason)

    def _respond(self, request: MixRequest, reason: str) -> None:
        self._refused[reason] += 1
        if reason == FORBIDDEN:
            answer_text(request, 403, b"Forbidden", REASONS[reason])
        else:
            answer_busy(request, REASONS[reason])

    # The end

    def stop(self) -> "Deferred[None]":
        """Close all with 1012, answer polls, and refuse others; fires when all are closed and every view has returned.

        Cancel it to close what is still open; what still runs is named in the log then.
        """
        self._stopped = Deferred(lambda _: self._abort())
        self.polls.stop()
        for offer in list(self._crowd):
            offer.end(Ending.RESTART)
        self._check_stopped()
        return self._stopped

    def _abort(self) -> None:
        for offer in list(self._crowd):
            offer.abort()
        for name in self.busy():
            self._log.warn("mixsvc: the view of {request}, which has a socket, did not end in time", request=name)

    def _check_stopped(self) -> None:
        stopped = self._stopped
        if stopped is not None and not stopped.called and not self._open and not self._running:
            stopped.callback(None)
