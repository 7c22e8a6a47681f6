from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers

from mixsvc.rates.sources.late_client import CALM_SECONDS, LateClient

PLACE = "https://rates.example/daily"


class Real:
    """An HttpClient that answers with what it was asked."""

    def get(self, url: str, /, **options: Any) -> "Deferred[Any]":
        return succeed((url, options))


class LateClientTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.loading: list[Deferred[Any]] = []
        self.client = LateClient(self.clock, Real, self.in_thread)
        self.options: dict[str, Any] = {"headers": Headers(), "allow_redirects": False, "unbuffered": True}

    def in_thread(self, *_: object) -> "Deferred[Any]":
        self.loading.append(Deferred())
        return self.loading[-1]

    def test_it_is_loaded_in_a_thread_once_the_start_is_over_and_then_asked(self) -> None:
        asking = self.client.get(PLACE, **self.options)
        self.assertEqual(self.loading, [])

        self.clock.advance(CALM_SECONDS)
        self.assertEqual(len(self.loading), 1)
        self.assertNoResult(asking)
        self.loading[0].callback(Real())

        self.assertEqual(self.successResultOf(asking), (PLACE, self.options))

    def test_it_is_loaded_once(self) -> None:
        self.client.get(PLACE, **self.options)
        self.clock.advance(CALM_SECONDS)
        self.loading[0].callback(Real())

        self.assertEqual(self.successResultOf(self.client.get(PLACE, **self.options)), (PLACE, self.options))
        self.assertEqual((len(self.loading), self.clock.getDelayedCalls()), (1, []))

    def test_whoever_is_cancelled_before_waits_no_longer_and_the_next_one_is_answered(self) -> None:
        asking = self.client.get(PLACE, **self.options)

        asking.cancel()

        self.failureResultOf(asking, CancelledError)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        following = self.client.get(PLACE, **self.options)
        self.clock.advance(CALM_SECONDS)
        self.loading[0].callback(Real())
        self.assertEqual(self.successResultOf(following), (PLACE, self.options))

    def test_what_cannot_be_loaded_fails_for_whoever_asks(self) -> None:
        asking = self.client.get(PLACE, **self.options)
        self.clock.advance(CALM_SECONDS)

        self.loading[0].errback(ImportError("treq"))

        self.failureResultOf(asking, ImportError)
