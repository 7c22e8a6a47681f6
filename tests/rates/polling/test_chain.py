from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from mixsvc.interfaces import IRateSource, Quote
from mixsvc.rates.polling.chain import Chain


@implementer(IRateSource)
class Silent:
    def __init__(self, name: str) -> None:
        self.name = name

    def fetch(self) -> "Deferred[Sequence[Quote]]":
        return succeed([])


class Rounds(SynchronousTestCase):
    def chain(self, interval: float = 30.0, random: float = 0.0) -> Chain:
        return Chain([Silent("first"), Silent("second")], interval, lambda: random)

    def names(self, chain: Chain, now: float) -> list[str]:
        return [chained.source.name for chained in chain.round(now)]

    def test_all_sources_are_due_at_first_in_order(self) -> None:
        self.assertEqual(self.names(self.chain(), -5.0), ["first", "second"])

    def test_a_failed_source_is_not_due_before_its_back_off_ends(self) -> None:
        chain = self.chain(interval=10, random=0.5)
        chain.failed(chain.round(0)[0], 0, 0)

        self.assertEqual(self.names(chain, 14.9), ["second"])
        self.assertEqual(self.names(chain, 15), ["first", "second"])

    def test_the_back_off_doubles_up_to_a_minute(self) -> None:
        for random, expected in ((0.0, [1, 2, 4, 8, 16, 30, 30]), (1.0, [2, 4, 8, 16, 32, 60, 60])):
            chain = self.chain(interval=1, random=random)
            chained = chain.round(0)[0]
            found = []
            for _ in expected:
                chain.failed(chained, 0, 0)
                found.append(chained.due_at)
            self.assertEqual(found, expected)

    def test_an_answer_ends_the_back_off(self) -> None:
        chain = self.chain(interval=1)
        chained = chain.round(0)[0]
        for _ in range(5):
            chain.failed(chained, 0, 0)
        chain.answered(chained)
        chain.failed(chained, 100, 0)

        self.assertEqual(chained.due_at, 101)

    def test_a_retry_after_replaces_a_shorter_back_off_only(self) -> None:
        chain = self.chain(interval=30)
        chained = chain.round(0)[0]

        chain.failed(chained, 0, 3600)
        self.assertEqual(chained.due_at, 3600)
        chain.failed(chained, 4000, 4001)
        self.assertEqual(chained.due_at, 4030)

    def test_only_changes_are_reported(self) -> None:
        chain = self.chain()
        chained = chain.round(0)[0]

        told = [chain.answered(chained), chain.failed(chained, 0, 0), chain.failed(chained, 0, 0)]
        told += [chain.answered(chained), chain.answered(chained)]

        self.assertEqual(told, [False, True, False, True, False])

    def test_a_source_that_timed_out_comes_last_in_the_next_round_only(self) -> None:
        chain = self.chain()
        chain.timed_out(chain.round(0)[0])

        self.assertEqual(self.names(chain, 30), ["second", "first"])
        self.assertEqual(self.names(chain, 60), ["first", "second"])

    @given(st.floats(0.1, 86400), st.floats(0, 1, exclude_max=True), st.integers(1, 3000))
    @settings(derandomize=True, deadline=None, max_examples=50)
    def test_the_back_off_never_exceeds_a_minute(self, interval: float, random: float, failures: int) -> None:
        chain = self.chain(interval, random)
        chained = chain.round(0)[0]
        for _ in range(failures):
            chain.failed(chained, 0, 0)

        self.assertTrue(0 < chained.due_at <= 60)
