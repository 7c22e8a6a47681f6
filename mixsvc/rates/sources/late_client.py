"""An HTTP client that a start does not wait for."""

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.web.http_headers import Headers

from mixsvc.interfaces import DeferToThread
from mixsvc.rates.sources.interfaces import HttpClient

__all__ = ["CALM_SECONDS", "LateClient"]

# After it is first asked. Whoever awaits the first page needs the processor more than rates that change once a day.
CALM_SECONDS: Final = 0.5


class LateClient:
    """An HttpClient that loads the real one when it is first asked, in a thread. For the reactor thread.

    The modules of a client take 30 ms and a megabyte.
    """

    def __init__(self, clock: IReactorTime, load: Callable[[], HttpClient], defer_to_thread: DeferToThread) -> None:
        """load: imports and makes the client; called in a thread."""
        self._clock = clock
        self._load = load
        self._defer_to_thread = defer_to_thread
        self._client: HttpClient | None = None

    def get(self, url: str, /, *, headers: Headers, allow_redirects: bool, unbuffered: bool) -> "Deferred[Any]":
        """See HttpClient."""
        options: dict[str, Any] = {"headers": headers, "allow_redirects": allow_redirects, "unbuffered": unbuffered}
        if self._client is not None:
            return self._client.get(url, **options)
        return Deferred.fromCoroutine(self._load_and_get(url, options))

    async def _load_and_get(self, url: str, options: dict[str, Any]) -> Any:
        await deferLater(self._clock, CALM_SECONDS)
        self._client = client = await self._defer_to_thread(self._load)
        return await client.get(url, **options)
