from collections.abc import Callable
from datetime import date
from threading import Event, Thread

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.interfaces import Quote
from mixsvc.rates.model.timeline import Pair, Timeline, by_pair
from mixsvc.rates.model.timelines import Timelines, UnreadTimeline
from tests.rates.samples import quote

DOLLAR: Pair = ("EUR", "USD")
DAYS = [date(2026, 10, 28).toordinal(), date(2026, 10, 30).toordinal()]


def timeline(*quotes: Quote) -> Timeline:
    return by_pair(quotes)[DOLLAR]


class Unread(SynchronousTestCase):
    def setUp(self) -> None:
        self.made = 0
        self.unread = Timelines({DOLLAR: UnreadTimeline(self.make, DAYS)})

    def make(self) -> Timeline:
        self.made += 1
        return timeline(quote(price="1", day="2026-10-28", source="archive"), quote(price="2", source="archive"))

    def test_a_timeline_is_made_when_it_is_asked_for_and_once(self) -> None:
        self.assertEqual((list(self.unread), len(self.unread), DOLLAR in self.unread), ([DOLLAR], 1, True))
        self.assertEqual(self.made, 0)

        self.assertIs(self.unread[DOLLAR], self.unread[DOLLAR])
        self.assertEqual(self.made, 1)

    def test_what_is_merged_into_it_does_not_make_it_and_is_there_when_it_is_made(self) -> None:
        found = self.unread
        for each in (quote(price="3"), quote(price="4", day="2026-11-02"), quote(price="5", day="2026-11-02")):
            found = found.merged(by_pair([each]))

        self.assertEqual(self.made, 0)
        self.assertEqual([str(found[DOLLAR].price(at)) for at in range(3)], ["1", "3", "5"])
        self.assertEqual([str(self.unread[DOLLAR].price(at)) for at in range(2)], ["1", "2"])

    def test_merging_gives_the_same_whether_it_was_made_before_or_not(self) -> None:
        news = by_pair([quote(price="3"), quote("GBP", "4")])
        late = self.unread.merged(news)

        _ = self.unread[DOLLAR]

        self.assertEqual(dict(late), dict(self.unread.merged(news)))

    def test_one_that_nobody_has_read_is_merged_into_others(self) -> None:
        stored = Timelines(by_pair([quote(price="9", day="2026-10-29")]))

        found = stored.merged(self.unread)

        self.assertEqual([str(found[DOLLAR].price(at)) for at in range(3)], ["1", "9", "2"])

    def test_a_replaced_timeline_is_not_made(self) -> None:
        new = timeline(quote())

        self.assertIs(self.unread.replaced(DOLLAR, new)[DOLLAR], new)
        self.assertEqual(self.made, 0)

    def test_the_longest_is_found_without_reading_those_that_cannot_be_longer(self) -> None:
        def unexpected() -> Timeline:
            raise AssertionError("it cannot be longer")

        short = UnreadTimeline(unexpected, DAYS[:1])
        found = Timelines({("EUR", "GBP"): short, DOLLAR: self.unread[DOLLAR], ("USD", "GBP"): short})

        self.assertIs(found.longest("EUR"), self.unread[DOLLAR])

    def test_it_is_found_by_the_days_that_were_merged_into_it_too(self) -> None:
        both = Timelines({("EUR", "GBP"): UnreadTimeline(lambda: by_pair([quote("GBP")])["EUR", "GBP"], DAYS)})
        found = both.merged(self.unread).merged(by_pair([quote(price="3"), quote(price="4", day="2026-11-02")]))

        self.assertEqual(len(found.longest("EUR").days), 3)
        self.assertEqual(self.made, 1)


class Threads(SynchronousTestCase):
    def test_two_threads_that_ask_at_once_get_the_same_timeline(self) -> None:
        begun, go_on = Event(), Event()
        found: list[Timeline] = []

        def make() -> Timeline:
            begun.set()
            go_on.wait(10)
            return timeline(quote())

        unread = UnreadTimeline(make, DAYS)
        asking: list[Callable[[], None]] = [lambda: found.append(unread.read())] * 2
        threads = [Thread(target=each, daemon=True) for each in asking]
        for each in threads:
            each.start()
        self.assertTrue(begun.wait(10))
        go_on.set()
        for each in threads:
            each.join(10)

        self.assertEqual(len(found), 2)
        self.assertIs(found[0], found[1])
