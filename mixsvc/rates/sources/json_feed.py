"""Rates of any HTTP service that answers in JSON, as the settings describe it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from zope.interface import implementer

from mixsvc.common.records import record
from mixsvc.interfaces import DeferToThread, IRateSource, Quote
from mixsvc.rates.sources.download import Address, Download
from mixsvc.rates.sources.interfaces import HttpClient
from mixsvc.rates.sources.json_answer import NAME, JsonFormat, read_answer

__all__ = ["MAX_BODY", "JsonFeed", "JsonSource"]

# Bytes. All currencies together take some 10 000; reading as much as the limit takes a few milliseconds.
MAX_BODY: Final = 2**18

# Currencies that a log line names.
_NAMED: Final = 10


@record
class JsonFeed:
    """The address of a service, and how its answers are read. key: what no message may show; "" if there is none."""

    address: Address
    form: JsonFormat
    key: str = field(default="", repr=False)


@implementer(IRateSource)
class JsonSource:
    """The latest rates of one service."""

    name = NAME
    _log = Logger()

    def __init__(
        self,
        client: HttpClient,
        feed: Callable[[], JsonFeed],
        defer_to_thread: DeferToThread,
        now: Callable[[], datetime],
    ) -> None:
        """client: like treq's. feed: called at the first fetch; may raise SourceFailed. now: UTC, aware."""
        self._client = client
        self._make_feed = feed
        self._defer_to_thread = defer_to_thread
        self._now = now
        self._made: tuple[JsonFeed, Download] | None = None
        self._left_out: frozenset[str] = frozenset()

    def fetch(self) -> "Deferred[Sequence[Quote]]":
        """See IRateSource. Fails with SourceFailed, or with CancelledError if it is cancelled."""
        return Deferred.fromCoroutine(self._fetch())

    async def _fetch(self) -> Sequence[Quote]:
        if self._made is None:
            made = self._make_feed()
            self._made = made, Download(self._client, made.address, self._now)
        feed, download = self._made
        document = await download.newer()
        if document is None:
            return ()
        fetched_at = self._now()
        answer = await self._defer_to_thread(lambda: read_answer(document.body, feed.form, fetched_at, feed.key))
        download.keep(document)
        self._tell_left_out(answer.left_out)
        return answer.quotes

    def _tell_left_out(self, left_out: Mapping[str, str]) -> None:
        codes = frozenset(left_out)
        if codes != self._left_out and codes:
            named = [f"{code} ({reason})" for code, reason in sorted(left_out.items())[:_NAMED]]
            more = [f"{len(codes) - _NAMED} more"] if len(codes) > _NAMED else []
            self._log.warn("rates: json leaves out {currencies}", currencies=", ".join(named + more))
        self._left_out = codes
