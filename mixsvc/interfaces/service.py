"""The running service as a view sees it."""

from collections.abc import Sequence
from typing import Any, Unpack

from zope.interface import Attribute, Interface

from mixsvc.common.person_tokens import PersonTokens
from mixsvc.interfaces.charts import ICharts
from mixsvc.interfaces.chat import IChat
from mixsvc.interfaces.holds import HoldOptions
from mixsvc.interfaces.rates import IRates

__all__ = ["IMix"]


class IMix(Interface):
    """The running service as a view sees it.

    A view gets it with `from mixsvc import mix`, or as current_app.extensions["mixsvc"].
    """

    rates: IRates = Attribute("The latest quotes and those of the past.")
    chat: IChat | None = Attribute(
        "The chat; None if this host does not serve it. Before the service runs, as while an application is imported, "
        "hooks can be registered by it in every host, and nothing is started."
    )
    tokens: PersonTokens = Attribute("Signs tokens that say who opens a chat connection, for pages on any origin.")
    charts: ICharts | None = Attribute("Draws pictures of rates; None if this host does not.")
    pairs: Sequence[tuple[str, str]] = Attribute("The pairs to show, the most important first.")

    def hold(*topics: str, **options: Unpack[HoldOptions]) -> Any:
        """Returns a response that leaves the client to the service, which sends it the events of topics.

        The view returns it, and its thread is free; the client gets an event stream, a poll or a WebSocket, as it has
        asked for. It is a WSGI application (PEP 3333), which Flask and Werkzeug take as a response; its method
        `headers(environ)` returns the headers of an empty response for frameworks that do not. Options:

        since: where a client begins that does not say so, as `last` returns it; by default with what comes next.
        first: data that such a client gets at once; what is no text becomes JSON. retry: milliseconds after which a
        browser opens a stream again. timeout: seconds that a poll waits (25). again_after: seconds after which the
        client has to ask the view again. person: who is held, as `close` names them, in place of the one whom
        [chat] authenticator finds. headers: of the response.

        Any thread. Raises NotPublished for what cannot be a topic, ValueError and TypeError for bad options.
        """

    def publish(topic: str, data: Any, event: str | None = None, key: str | None = None) -> int:
        """See ITopics."""

    def last(*topics: str) -> str:
        """See ITopics."""

    def close(topic: str, person: str | None = None) -> None:
        """See ITopics."""

    def elsewhere(environ: Any, hold: Any) -> Any:
        """What becomes of a hold in a server that is not ours: status, headers and body of the response."""
