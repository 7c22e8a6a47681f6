"""What the endpoints of named sessions have in common: a session serves requests of its own client only."""

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.web.server import NOT_DONE_YET, Request

from txsockjs._http.resource import Endpoint, answer
from txsockjs._http.service import Service
from txsockjs._protocol.errors import ClientError

__all__ = ["SessionEndpoint"]


class SessionEndpoint(Endpoint):
    """A URL of a named session. name: the session's."""

    def __init__(self, service: Service, name: bytes) -> None:
        super().__init__(service)
        self.name = name

    def respond(self, request: Request) -> int:
        """Serve the request if it is the client's that opened the session, perhaps after asking the application."""
        ownership, session = self.service.ownership, self.service.registry.get(self.name)
        if ownership is None or session is None or ownership.is_known(session, request):
            return self.serve(request)
        Deferred.fromCoroutine(self._serve_if_own(request, ownership.ask(session, request)))
        return NOT_DONE_YET

    def serve(self, request: Request) -> int:
        """Answer a request of the session's client. Raises ClientError, which becomes the response."""
        raise NotImplementedError

    async def _serve_if_own(self, request: Request, decision: "Deferred[bool]") -> None:
        gone: list[Failure] = []
        request.notifyFinish().addErrback(gone.append)
        try:
            is_own = await decision
            if gone:
                return
            if not is_own:
                raise ClientError(403, "This session belongs to another client.")
            # Again from the start: meanwhile the name may belong to another session.
            self.respond(request)
        except ClientError as error:
            if not gone:
                answer(request, error.status, str(error).encode("utf-8"))
        except Exception:
            # As twisted.web does with what fails at once: a 500, and a line in the log.
            request.processingFailed(Failure())
