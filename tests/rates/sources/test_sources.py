from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from decimal import Decimal

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.static import Data
from zope.interface.verify import verifyObject

from mixsvc.common.currencies import is_currency
from mixsvc.config.settings import RatesSettings
from mixsvc.interfaces import IRateSource, Quote
from mixsvc.rates.model.quote import is_sound
from mixsvc.rates.sources import build_sources
from tests.rates.samples import DAILY, NOW, at_once, client_of, moment


def build(settings: RatesSettings) -> Sequence[IRateSource]:
    document = Data(DAILY, "text/xml")
    document.isLeaf = True
    return build_sources(settings, client_of(document), at_once, moment)


class EverySource(SynchronousTestCase):
    def setUp(self) -> None:
        # The defaults name every source there is.
        self.sources = build(RatesSettings())

    def quotes(self, source: IRateSource) -> Sequence[Quote]:
        found: Sequence[Quote] = self.successResultOf(source.fetch())
        return found

    def test_each_source_provides_the_interface(self) -> None:
        for source in self.sources:
            verifyObject(IRateSource, source)

    def test_each_source_gives_valid_quotes_of_one_base_under_its_name(self) -> None:
        for source in self.sources:
            quotes = self.quotes(source)

            self.assertTrue(quotes)
            self.assertEqual({(each.base, each.source, each.stale) for each in quotes}, {("EUR", source.name, False)})
            self.assertEqual(len({each.quote for each in quotes}), len(quotes))
            for each in quotes:
                self.assertTrue(is_currency(each.quote) and type(each.price) is Decimal and is_sound(each.price), each)

    def test_the_quotes_have_the_time_of_fetching(self) -> None:
        for source in self.sources:
            for each in self.quotes(source):
                self.assertEqual((each.fetched_at, each.fetched_at.tzinfo), (NOW, UTC))
                self.assertLessEqual(each.date, (NOW + timedelta(days=1)).date())

    def test_a_source_can_be_asked_again(self) -> None:
        for source in self.sources:
            self.assertEqual(self.quotes(source), self.quotes(source))


class Building(SynchronousTestCase):
    def test_the_chain_has_the_order_of_the_settings(self) -> None:
        turned = replace(RatesSettings(), sources=("archive", "ecb"))

        self.assertEqual([each.name for each in build(RatesSettings())], ["ecb", "archive"])
        self.assertEqual([each.name for each in build(turned)], ["archive", "ecb"])

    def test_without_a_clock_it_is_the_real_one(self) -> None:
        (source,) = build_sources(replace(RatesSettings(), sources=("archive",)), client_of(Data(b"", "")), at_once)

        (first, *_) = self.successResultOf(source.fetch())

        self.assertIs(first.fetched_at.tzinfo, UTC)
