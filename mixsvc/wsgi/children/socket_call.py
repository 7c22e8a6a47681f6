"""One request at the service whose view runs in a child and may take its client's socket (mixsvc.sockets)."""

from collections.abc import Callable
from io import BytesIO

from mixsvc.http.refusals import Refusal
from mixsvc.sockets.offer import SocketOffer
from mixsvc.sockets.pump import Ending
from mixsvc.wsgi.children.call import ChildCall
from mixsvc.wsgi.writer import HoldClient

__all__ = ["SocketCall"]


class SocketCall:
    """A ChildCall with a socket: before anything of its response is used, it is looked whether the view has taken that.

    call: without the socket. Used in the reactor thread.
    """

    def __init__(self, offer: SocketOffer, hold_client: HoldClient) -> None:
        """hold_client: see ChildCall. Raises OSError if there is no pair for it."""
        self._offer = offer
        # Open until the child has it for certain: the system sends a descriptor later than it is told to.
        self._theirs = offer.make_socket()
        self.call = ChildCall(offer.request, hold_client)
        # So that for the channel no thread has it: a client that sends no more waits for no response, but has left.
        offer.request.content = BytesIO()
        offer.watch_client()

    @property
    def descriptor(self) -> int:
        """The view's end."""
        return self._theirs.fileno()

    def given(self, gone: Callable[[], object], taken: Callable[[int], None]) -> None:
        """A child has it. gone: called when nobody waits for a response any more. taken: see ChildCall."""
        self.call.gone, self.call.taken = gone, taken

    def take_payload(self) -> bytes:
        """The request for the child."""
        payload, self.call.payload = self.call.payload, b""
        return payload

    def free_taken(self) -> None:
        """Close what the child has, if it is certain that it has it."""
        if self._offer.is_taken:
            self._theirs.close()

    def restart(self) -> None:
        """Close the client's connection, if the view has taken it: its process is replaced."""
        self._offer.end(Ending.RESTART)

    def over(self) -> None:
        """The thread of its view is free, or its process has ended."""
        self._theirs.close()
        self._offer.view_ended()

    # The response; see ChildCall

    def respond(self, payload: bytes) -> None:
        """Send a whole response. Raises BadFrame."""
        self._offer.respond(self.call.respond, payload)

    def hold(self, payload: bytes) -> None:
        """The view has left the client to the service. Raises BadFrame."""
        self._offer.respond(self.call.hold, payload)

    def begin(self, payload: bytes) -> None:
        """Send the head of a response. Raises BadFrame."""
        self._offer.respond(self.call.begin, payload)

    def write(self, data: bytes) -> None:
        """Send a part of the body."""
        self.call.write(data)

    def end(self) -> None:
        """The response is complete."""
        self.call.end()

    def abort(self) -> None:
        """The view has failed."""
        self._offer.respond(self.call.abort)

    def fail(self, refusal: Refusal) -> None:
        """There is no response."""
        self._offer.respond(self.call.fail, refusal)

    def drop_unread(self) -> None:
        """Close the connection at once: its client does not read."""
        self.call.drop_unread()
