"""Whose session it is: later requests of a named session must come from the client that opened it.

The name of a session is in the URL of each of its requests, so whoever learns it, from a log for example, can send such
requests. The option same_owner lets the application decide. It is asked only for requests whose Cookie and
Authorization headers differ from those of the request that opened the session or was accepted last.
"""

import hashlib
from collections.abc import Awaitable
from typing import Final, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.server import Request

from txsockjs._protocol.errors import ClientError
from txsockjs._session.session import Session
from txsockjs._session.transport import SockJSTransport

__all__ = ["Ownership", "SameOwner"]

# How long the application may take to decide, in seconds.
DECISION_SECONDS: Final = 10.0

# Requests that may wait for a decision: those of one session, and those of all.
MAX_WAITING_OF_ONE: Final = 8
MAX_WAITING: Final = 1000

# The close code and the reason for a session that somebody else has asked for.
FOREIGN: Final = (2011, "Another client has used this session, open a new one")


class SameOwner(Protocol):
    """The option same_owner."""

    def __call__(self, protocol: IProtocol, request: Request, /) -> bool | Awaitable[bool]:
        """Whether the request comes from the client that opened the session of the protocol.

        Called in the reactor thread. Returns the answer, a Deferred or a coroutine.
        """


class Ownership:
    """Decides which requests belong to the sessions of one service. Belongs to the reactor thread."""

    _log = Logger()

    def __init__(self, clock: IReactorTime, same_owner: SameOwner) -> None:
        self._clock = clock
        self._same_owner = same_owner
        # By session, and by the proof of a request: the requests that wait for the same decision.
        self._waiting: dict[Session, dict[bytes, list[Deferred[bool]]]] = {}
        self._count = 0

    def opened(self, session: Session, request: Request) -> None:
        """Remember which request has opened the session."""
        session.proof = _proof(request)

    def is_known(self, session: Session, request: Request) -> bool:
        """Whether the request has the headers of the last one that was accepted."""
        return session.proof == _proof(request)

    def ask(self, session: Session, request: Request) -> "Deferred[bool]":
        """Ask the application; fires with whether the request belongs to the session. If not, the session is closed.

        Fails with ClientError if the application does not decide, and the session goes on. Raises ClientError if too
        many requests wait.
        """
        transport = session.application
        protocol = transport.protocol if isinstance(transport, SockJSTransport) else None
        if protocol is None:
            # The session has ended, and keeps its name for its close frame only.
            raise ClientError(404, "There is no such session.")
        proof, decision = _proof(request), Deferred[bool]()
        if self._enqueue(session, proof, decision):
            asking = Deferred.fromCoroutine(self._decide(protocol, request)).addTimeout(DECISION_SECONDS, self._clock)
            asking.addBoth(self._decided, session, proof)
        return decision

    def _enqueue(self, session: Session, proof: bytes, decision: "Deferred[bool]") -> bool:
        """Whether the application must be asked: no other request waits for the same decision. Raises ClientError."""
        waiting = self._waiting.get(session, {})
        if sum(map(len, waiting.values())) >= MAX_WAITING_OF_ONE or self._count >= MAX_WAITING:
            raise ClientError(503, "Too many requests wait for a decision; try again later.")
        is_first = proof not in waiting
        self._waiting[session] = waiting
        waiting.setdefault(proof, []).append(decision)
        self._count += 1
        return is_first

    async def _decide(self, protocol: IProtocol, request: Request) -> bool:
        answer = self._same_owner(protocol, request)
        return answer if isinstance(answer, bool) else bool(await answer)

    def _decided(self, answer: "bool | Failure", session: Session, proof: bytes) -> None:
        waiting = self._waiting[session].pop(proof)
        if not self._waiting[session]:
            del self._waiting[session]
        self._count -= len(waiting)
        if isinstance(answer, Failure):
            self._log.failure("sockjs: the option same_owner failed, and a request was refused", answer)
        elif answer:
            session.proof = proof
        else:
            session.close(*FOREIGN)
        for each in waiting:
            if isinstance(answer, Failure):
                each.errback(ClientError(503, "It is not known whose session this is; try again later."))
            else:
                each.callback(answer)


def _proof(request: Request) -> bytes:
    """A digest of what shows whose request it is; the headers themselves may be long, and are secrets."""
    digest = hashlib.blake2b(digest_size=16)
    for name in (b"cookie", b"authorization"):
        for value in request.requestHeaders.getRawHeaders(name, ()):
            digest.update(b"%b%d:%b" % (name, len(value), value))
    return digest.digest()
