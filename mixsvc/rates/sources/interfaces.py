"""What the sources are given: a way to ask over HTTP, and the history that they fill."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Protocol

from hyperlink import URL
from twisted.internet.defer import Deferred
from twisted.web.http_headers import Headers

from mixsvc.interfaces import Quote

__all__ = ["HistoryStore", "HttpClient"]


class HttpClient(Protocol):
    """The part of treq.client.HTTPClient that is used."""

    def get(self, url: URL, /, *, headers: Headers, allow_redirects: bool, unbuffered: bool) -> "Deferred[Any]":
        """Fires with an IResponse whose body is still to come."""


class HistoryStore(Protocol):
    """The stored history of the euro's reference rates. Both methods are called in the reactor thread."""

    def known_dates(self) -> "Deferred[set[date]]":
        """The days of which no rate is missing, whatever source they came from."""

    def save_history(self, quotes: Sequence[Quote]) -> "Deferred[None]":
        """Keep rates of past days, some thousands at most; fires when they are stored, and the next may come.

        Fails with sqlite3.Error.
        """
