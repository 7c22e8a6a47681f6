"""People who come before this node knows what the others do: they wait for a moment, and notice nothing."""

from typing import TYPE_CHECKING, Any, NoReturn

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from mixsvc.errors import MixError
from mixsvc.interfaces import Identity
from mixsvc.interfaces.auth import Identifier

if TYPE_CHECKING:
    from mixsvc.nodes.node import SharedNode

__all__ = ["NotReady", "PatientIdentifier"]


class NotReady(MixError):
    """Somebody has waited in vain for this node to begin."""


class PatientIdentifier:
    """Implements Identifier for a node: asks another one, after the engine has answered the node for the first time."""

    def __init__(self, node: "SharedNode", identify: Identifier) -> None:
        self._node = node
        self._identify = identify
        self.forget = identify.forget
        self.stop = identify.stop

    def __call__(self, request: Any, /) -> "Deferred[Identity | None] | None":
        if self._node.has_begun:
            return self._identify(request)
        return self._node.begun().addCallbacks(lambda _: self._identify(request), _not_ready)


def _not_ready(failure: Failure) -> NoReturn:
    """Nobody waits any more: a proxy may have another node for this client."""
    raise NotReady("this node does not know the others yet, as PostgreSQL has not answered it")
