"""The sources of rates, by the names in [rates] sources."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from mixsvc.interfaces import DeferToThread, IRateSource
from mixsvc.rates.sources.archive import ArchiveSource
from mixsvc.rates.sources.ecb import EcbSource
from mixsvc.rates.sources.seams import HttpClient
from mixsvc.settings import RatesSettings

__all__ = ["build_sources"]


def build_sources(
    settings: RatesSettings,
    client: HttpClient,
    defer_to_thread: DeferToThread,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Sequence[IRateSource]:
    """The chain that the settings name, in their order; nothing is read or asked yet.

    client: as treq's, such as treq.client.HTTPClient(Agent(reactor)). now: UTC, aware.
    """
    makers: dict[str, Callable[[], IRateSource]] = {
        "ecb": lambda: EcbSource(client, settings.ecb_url, defer_to_thread, now),
        "archive": lambda: ArchiveSource(defer_to_thread, now),
    }
    return [makers[name]() for name in settings.sources]
