"""The reference rates of the European Central Bank: its daily XML document, over HTTP."""

from collections.abc import Callable, Sequence
from datetime import datetime

from twisted.internet.defer import Deferred
from zope.interface import implementer

from mixsvc.interfaces import DeferToThread, IRateSource, Quote
from mixsvc.rates.model.quote import ECB
from mixsvc.rates.sources.download import Address, Download
from mixsvc.rates.sources.interfaces import HttpClient

__all__ = ["EcbSource"]


@implementer(IRateSource)
class EcbSource:
    """The newest day of a document of the ECB: the daily one, or one of several days."""

    name = ECB

    def __init__(
        self, client: HttpClient, url: str, defer_to_thread: DeferToThread, now: Callable[[], datetime]
    ) -> None:
        """client: as treq's. now: UTC, aware."""
        self._download = Download(client, Address(url), now)
        self._defer_to_thread = defer_to_thread
        self._now = now

    def fetch(self) -> "Deferred[Sequence[Quote]]":
        """See IRateSource. Fails with SourceFailed, or with CancelledError if it is cancelled."""
        return Deferred.fromCoroutine(self._fetch())

    async def _fetch(self) -> Sequence[Quote]:
        document = await self._download.newer()
        if document is None:
            return ()
        fetched_at = self._now()
        # In a thread: reading takes less than 1 ms for the daily document, but 200 ms for one as large as the limit.
        quotes = await self._defer_to_thread(lambda: _read(document.body, fetched_at))
        # Only now: a document that cannot be read is asked for again in full.
        self._download.keep(document)
        return quotes


def _read(body: bytes, fetched_at: datetime) -> Sequence[Quote]:
    # Here, in a thread, as it takes a while to load.
    from mixsvc.rates.sources.ecb_xml import read_document

    return read_document(body, fetched_at)
