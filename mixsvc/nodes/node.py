"""A node among others, on PostgreSQL: builds what the chat uses of the nodes, and starts and stops it."""

from collections.abc import Callable, Collection, Sequence
from socket import gethostname
from typing import Any, Final

from twisted.internet.defer import Deferred, DeferredList

from mixsvc.common.histogram import Histogram
from mixsvc.common.records import record
from mixsvc.config.settings import Settings
from mixsvc.interfaces import DeferToThread
from mixsvc.nodes.bus import SharedBus
from mixsvc.nodes.claims import SharedClaims
from mixsvc.nodes.confirmations import Confirmations
from mixsvc.nodes.heart import SharedHeart
from mixsvc.nodes.hints import Gone, Published, Recorded, Said
from mixsvc.nodes.interfaces import Nodes
from mixsvc.nodes.journal import SharedJournal
from mixsvc.nodes.listener import HintListener, ListeningConnection
from mixsvc.nodes.presence import Presence
from mixsvc.nodes.pulse import PulseTimes
from mixsvc.nodes.statements import Beat, Run
from mixsvc.storage.choosing import listener, make_hints
from mixsvc.storage.engine import Engine

__all__ = ["NodeEngine", "NodeOptions", "NodeStats", "SharedNode", "make_node"]

# After how many heartbeats in which a node does not hear itself it connects its listener anew.
DEAF_BEATS: Final = 3


@record
class NodeOptions:
    """name: for people. times: of the heartbeats."""

    name: str
    times: PulseTimes


@record
class NodeEngine:
    """run: for hints, heartbeats and who is inside. run_for_chat: the chat's own, so that no message makes a heartbeat
    wait. connect: for the listener, see there.
    """

    run: Run
    run_for_chat: Run
    connect: Callable[[], ListeningConnection]
    defer_to_thread: DeferToThread


@record
class NodeStats:
    """What was counted until now.

    nodes: how many are seen, this one included. repairs: how often what others wrote was read because hints about it
    were missed, or because they had begun before. losses: of the listening connection. seconds: how long hints take.
    """

    nodes: int
    is_leader: bool
    repairs: int
    losses: int
    seconds: Histogram


class SharedNode:
    """A node: `nodes` is for the chat. times: how long what takes. Reactor thread."""

    def __init__(self, reactor: Any, engine: NodeEngine, options: NodeOptions) -> None:
        self._reactor = reactor
        self.times = options.times
        run = engine.run
        self._heart = heart = SharedHeart(reactor, run, options.name, options.times)
        # The time of day of the engine, which dates what is stored, on all nodes.
        self.wall = heart.wall
        self._bus = bus = SharedBus(reactor, run, self._number, lambda: len(self.known()) + 1)
        self._presence = presence = Presence(reactor, run, bus, self._number)
        self._claims = SharedClaims(reactor, run, self._number)
        self._confirmations = Confirmations(reactor, bus, self._living, options.times.dead_after)
        journal = SharedJournal(reactor, engine.run_for_chat, bus, presence.applied, self._confirmations)
        self._listener = HintListener(reactor, engine.connect, engine.defer_to_thread, bus.heard, self._listening)
        self._waiting: list[Deferred[None]] = []
        # Whether the engine has answered this node.
        self.has_begun = False
        self.nodes = Nodes(bus, presence.roster, self._claims, journal, heart)

    def start(self) -> None:
        """Begin to listen and to beat; the chat has taken `nodes` before."""
        self._listening_at = self._reactor.seconds()
        self._listener.start()
        self._heart.start(self)

    def begun(self) -> "Deferred[None]":
        """Fires once `has_begun`. Cancel it to stop waiting."""
        waiting: Deferred[None] = Deferred(self._waiting.remove)
        self._waiting.append(waiting)
        return waiting

    def stop(self) -> "Deferred[None]":
        """Stop; fires when the others know, or cannot be told. The chat has closed its sessions before."""
        self._presence.roster.stop()
        self._bus.flush()
        stopping = DeferredList([self._heart.stop(), self._listener.stop()])
        return stopping.addCallback(lambda _: None)

    def sockets(self) -> Sequence[Any]:
        """What no child of this process may keep open, each with a fileno."""
        return self._listener.sockets()

    @property
    def silence(self) -> float:
        """For how many seconds the engine has not answered this node; infinity if it never has."""
        return self._heart.silence

    def stats(self) -> NodeStats:
        """Returns what was counted until now; any thread."""
        heart, presence = self._heart, self._presence
        nodes = len(self.known()) + (1 if heart.is_trusted else 0)
        return NodeStats(nodes, heart.is_leader, presence.repairs, self._listener.losses, self._bus.seconds)

    def known(self) -> frozenset[int]:
        """See HeartOwner."""
        return self._presence.roster.elsewhere.nodes()

    def answered(self, beat: Beat, expected: frozenset[int]) -> None:
        """See HeartOwner."""
        self._presence.answered(beat, expected)
        self.has_begun = True
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(None)
        # As if all others had told what they have stored.
        self._bus.deliver(Recorded(beat.event))
        self._bus.deliver(Said(beat.lasts))
        self._bus.deliver(Published(beat.topics))
        self._confirmations.tell()
        self._confirmations.living()
        heard_at = max(self._listening_at, self._bus.heard_at or 0.0)
        if self._reactor.seconds() - heard_at > DEAF_BEATS * self.times.heartbeat:
            self._listening_at = self._reactor.seconds()
            self._listener.renew()

    def given_up(self) -> None:
        """See HeartOwner."""
        self._claims.clear()
        self._presence.roster.clear()

    def removed(self, nodes: Collection[int]) -> None:
        """See HeartOwner."""
        gone = Gone([*nodes])
        self._bus.deliver(gone)
        self._bus.tell(gone)

    def _living(self) -> Collection[int]:
        return self.known().difference(self._heart.leaving)

    def _number(self) -> int:
        return self._heart.node

    def _listening(self) -> None:
        self._listening_at = self._reactor.seconds()
        # What was told while this node did not listen.
        self._heart.beat_soon()


def make_node(
    reactor: Any, settings: Settings, database: Engine, defer_to_thread: DeferToThread
) -> tuple[Engine, SharedNode]:
    """A node whose messages are in a PostgreSQL database, and a connection of its own to that, which the caller closes.

    With it no message makes a heartbeat wait.
    """
    storage, nodes = settings.storage, settings.nodes
    hints = make_hints(reactor, storage.url, defer_to_thread)
    listen = listener(nodes.listen_url or storage.url)
    engine = NodeEngine(hints.run, database.run, listen, defer_to_thread)
    options = NodeOptions(nodes.name or gethostname(), PulseTimes(nodes.heartbeat, nodes.dead_after))
    return hints, SharedNode(reactor, engine, options)
