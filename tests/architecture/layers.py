"""Who may import whom: parts in layers, and imports that point down."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tests.architecture.sources import Import, Source, imports, within

__all__ = ["OURS_WITH_REACTOR", "check_layers", "check_libraries", "check_reactor"]

# A line is a layer. A word is a part: a folder, or a module at a package's root. A module may import its own part and
# every part in a lower layer. Its part is the longest of these names that it starts with.
LAYERS: Final = """
    twisted.plugins
    mixsvc
    mixsvc.__main__
    mixsvc.commands
    mixsvc.tap  mixsvc.embedded  mixsvc.child
    mixsvc.service  mixsvc.twistd
    mixsvc.operations  mixsvc.application  mixsvc.questions
    mixsvc.operations.reloading
    mixsvc.operations.control  mixsvc.operations.restart
    mixsvc.facade  mixsvc.shutdown  mixsvc.assembly

    mixsvc.wsgi.children
    mixsvc.chat  mixsvc.irc  mixsvc.topics  mixsvc.rates  mixsvc.webhooks  mixsvc.charts  mixsvc.pages  mixsvc.wsgi
    mixsvc.irc.handlers
    mixsvc.chat.handlers  mixsvc.rates.polling  mixsvc.rates.history  mixsvc.pages.api
    mixsvc.irc.clients
    mixsvc.chat.storage  mixsvc.topics.storage  mixsvc.webhooks.storage  mixsvc.rates.sources  mixsvc.pages.auth
    mixsvc.chat.model  mixsvc.rates.model
    mixsvc.chat.protocol  mixsvc.irc.grammar

    mixsvc.nodes  mixsvc.sockets
    mixsvc.holds  mixsvc.direct
    mixsvc.http  mixsvc.client  mixsvc.storage  mixsvc.hooks
    mixsvc.storage.schema  mixsvc.scripts
    mixsvc.answers
    mixsvc.threads
    mixsvc.config
    mixsvc.interfaces
    mixsvc.common
    mixsvc.errors

    txsockjs
    txsockjs.protocols
    txsockjs._websocket
    txsockjs._http
    txsockjs._session
    txsockjs._protocol  txsockjs._socket
    txsockjs.interfaces
    txgevent
"""
RANKS: Final = {part: -layer for layer, line in enumerate(LAYERS.splitlines()) for part in line.split()}

# These meet through the service object and mixsvc.interfaces: none imports another, whatever its layer.
APART: Final = (
    "mixsvc.chat",
    "mixsvc.irc",
    "mixsvc.topics",
    "mixsvc.rates",
    "mixsvc.webhooks",
    "mixsvc.charts",
    "mixsvc.pages",
    "mixsvc.wsgi",
)

# Our other packages, which can be used alone, and who uses them.
USERS: Final = {
    "txsockjs": (
        "twisted.plugins",
        "mixsvc.tap",
        "mixsvc.embedded",
        "mixsvc.commands",
        "mixsvc.service",
        "mixsvc.chat",
        "mixsvc.operations",
        "mixsvc.holds",
        "mixsvc.sockets",
        # Its channel implements txsockjs.interfaces.IUpgradableChannel; it needs nothing else of txsockjs.
        "mixsvc.http",
        "txsockjs",
    ),
    # What a reactor on gevent offers, and where one is chosen.
    "txgevent": ("twisted.plugins", "mixsvc.embedded", "mixsvc.threads", "txgevent"),
}

EDGES: Final = {
    "mixsvc.tap",
    "mixsvc.embedded.crochet_reactor",
    "mixsvc.commands.say",
    "mixsvc.charts.pool",
    "txsockjs.factory",
}
# A module of ours whose imports install a reactor, so whoever imports it needs one already.
OURS_WITH_REACTOR: Final = "mixsvc.charts.worker"
INSTALL_A_REACTOR: Final = ("twisted.internet.reactor", "twisted.web.tap", "ampoule", OURS_WITH_REACTOR)

# What a part may import of a library: these names and what is below them; nothing for (). Flask code runs in threads
# and holds no Twisted resource; pure code uses neither sockets nor threads.
ONLY: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "twisted": {
        "mixsvc.pages": ("twisted.logger", "twisted.python.failure"),
        "mixsvc.chat.protocol": (),
        "mixsvc.chat.model": (),
        "mixsvc.irc.grammar": (),
        "mixsvc.rates.model": (),
        "mixsvc.common": (),
        "mixsvc.answers": (),
        "mixsvc.holds.arrival": (),
        "mixsvc.holds.asked": (),
        "mixsvc.holds.elsewhere": (),
        "mixsvc.holds.forms": (),
        "mixsvc.holds.response": (),
        "mixsvc.holds.roads": (),
        "mixsvc.holds.standing": (),
        "mixsvc.holds.tickets": (),
        "mixsvc.sockets.frames": (),
        "mixsvc.nodes.elsewhere": (),
        "mixsvc.nodes.event_order": (),
        "mixsvc.nodes.hints": (),
        "mixsvc.nodes.members": (),
        "mixsvc.nodes.own_rows": (),
        "mixsvc.nodes.pulse": (),
        "mixsvc.nodes.roster": (),
        "mixsvc.nodes.tails": (),
        "txsockjs._protocol": (),
    },
    "flask": {
        "mixsvc.wsgi": (),
        "mixsvc.http": (),
        "mixsvc.answers": (),
        "mixsvc.direct": (),
        "mixsvc.chat": (),
        "mixsvc.irc": (),
        "mixsvc.holds": (),
        "mixsvc.topics": (),
        "mixsvc.rates": (),
        "mixsvc.webhooks": (),
        "mixsvc.charts": (),
        "mixsvc.operations": (),
        "mixsvc.client": (),
        "txsockjs": (),
    },
}


def check_layers(source: Source) -> Iterator[str]:
    """Imports point down only."""
    part = _part(source.name)
    if part in ("mixsvc", None) and source.name != "mixsvc":
        yield "is in no layer; add its folder to LAYERS"
        return
    for each in imports(source):
        if each.module.startswith("."):
            yield f"line {each.line}: write the whole name of what is imported"
        elif each.is_ours() and not _may_import(source.name, each):
            yield f"line {each.line}: {part} must not import {each.full()}"


def check_libraries(source: Source) -> Iterator[str]:
    """A part imports only what it may of Twisted and Flask."""
    for library, parts in ONLY.items():
        allowed = next((names for part, names in parts.items() if within(source.name, part)), None)
        for each in imports(source):
            if allowed is None or not within(each.module, library):
                continue
            if not any(within(each.full(), name) for name in allowed):
                yield f"line {each.line}: must not import {each.full()}"


def check_reactor(source: Source) -> Iterator[str]:
    """The global reactor is imported inside functions only, and at the edges only."""
    for each in imports(source):
        if source.name == OURS_WITH_REACTOR or not any(within(each.full(), name) for name in INSTALL_A_REACTOR):
            continue
        if not each.inside:
            yield f"line {each.line}: {each.full()} installs a reactor when this module is imported"
        elif source.name not in EDGES:
            yield f"line {each.line}: only the edges import {each.full()}; take the reactor as an argument"


def _part(module: str) -> str | None:
    return max((part for part in RANKS if within(module, part)), key=len, default=None)


def _may_import(importer: str, each: Import) -> bool:
    target = each.full()
    package = target.partition(".")[0]
    if package in USERS and not any(within(importer, user) for user in USERS[package]):
        return False
    if _apart(importer) and _apart(target) and _apart(importer) != _apart(target):
        return False
    above, below = _part(importer), _part(target)
    return above == below or (above is not None and below is not None and RANKS[below] < RANKS[above])


def _apart(module: str) -> str | None:
    return next((part for part in APART if within(module, part)), None)
