"""The sources of rates, by the names in [rates] sources."""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from mixsvc.config.settings import RatesSettings
from mixsvc.interfaces import DeferToThread, IRateSource
from mixsvc.rates.sources.archive import ArchiveSource
from mixsvc.rates.sources.ecb import EcbSource
from mixsvc.rates.sources.interfaces import HttpClient
from mixsvc.rates.sources.json_feed import JsonSource
from mixsvc.rates.sources.json_settings import feed_of

__all__ = ["build_sources"]


def build_sources(
    settings: RatesSettings,
    client: HttpClient,
    defer_to_thread: DeferToThread,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    environ: Mapping[str, str] = os.environ,
) -> Sequence[IRateSource]:
    """Returns the sources that the settings name, in their order. Reads and asks nothing yet.

    client: such as treq.client.HTTPClient(PollingAgent(reactor, seconds)). now: UTC, aware. environ: holds the key of
    the JSON source. Raises BadSetting for settings that contradict each other.
    """
    makers: dict[str, Callable[[], IRateSource]] = {
        "ecb": lambda: EcbSource(client, settings.ecb_url, defer_to_thread, now),
        "json": lambda: JsonSource(client, feed_of(settings, environ), defer_to_thread, now),
        "archive": lambda: ArchiveSource(defer_to_thread, now),
    }
    return [makers[name]() for name in settings.sources]
