"""The running service as a view sees it."""

from collections.abc import Sequence

from zope.interface import Attribute, Interface

from mixsvc.common.person_tokens import PersonTokens
from mixsvc.interfaces.charts import ICharts
from mixsvc.interfaces.chat import IChat
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
