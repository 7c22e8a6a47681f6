"""Rates for subscribers: at once, and when they change."""

from datetime import timedelta
from decimal import Decimal

from tests.chat.cases import ChatTestCase
from tests.chat.fakes import FakeClient


class RateFeedTests(ChatTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.chat.rates.prices["GBP"] = Decimal("0.85")
        self.ann = self.chat.named("Ann")

    def subscribe(self, client: FakeClient, *pairs: str) -> list[tuple[str, str]]:
        (answer,) = self.answer(client, "subscribe", pairs=list(pairs))
        client.clear()
        return [(each["quote"], each["price"]) for each in answer["quotes"]]

    def told(self, client: FakeClient) -> list[tuple[str, str]]:
        return [(each["quote"], each["price"]) for answer in client.got("rates") for each in answer["quotes"]]

    def change(self, **prices: str) -> None:
        self.chat.rates.prices.update({code: Decimal(price) for code, price in prices.items()})
        self.chat.dispatcher.rates_changed()

    def test_all_that_was_asked_for_comes_at_first(self) -> None:
        self.assertEqual(
            [("USD", "1.1172"), ("GBP", "0.85")], self.subscribe(self.ann, "eur/usd", "EUR/GBP", "EUR/USD")
        )

    def test_then_what_has_changed_comes(self) -> None:
        self.subscribe(self.ann, "EUR/USD", "EUR/GBP")
        self.change(USD="1.2")
        self.change()

        self.assertEqual([("USD", "1.2")], self.told(self.ann))

    def test_the_same_price_fetched_once_more_is_no_change(self) -> None:
        self.subscribe(self.ann, "EUR/USD")
        self.chat.rates.fetched_at += timedelta(minutes=1)
        self.change()

        self.assertEqual([], self.told(self.ann))

    def test_a_new_subscription_replaces_the_pairs(self) -> None:
        self.subscribe(self.ann, "EUR/USD")
        self.subscribe(self.ann, "EUR/GBP")
        self.change(USD="1.2", GBP="0.9")

        self.assertEqual([("GBP", "0.9")], self.told(self.ann))

    def test_an_empty_list_ends_it(self) -> None:
        self.subscribe(self.ann, "EUR/USD")
        self.assertEqual([], self.subscribe(self.ann))
        self.change(USD="1.2")

        self.assertEqual([], self.told(self.ann))

    def test_a_lost_client_gets_no_rates(self) -> None:
        bob = self.chat.named("Bob")
        for client in (self.ann, bob):
            self.subscribe(client, "EUR/USD")
        self.ann.lose()
        self.change(USD="1.2")

        self.assertEqual(([], [("USD", "1.2")]), (self.told(self.ann), self.told(bob)))

    def test_a_client_that_is_lost_by_an_event_is_unsubscribed(self) -> None:
        self.subscribe(self.ann, "EUR/USD", "EUR/GBP")
        self.ann.transport.on_write = self.ann.lose
        self.change(USD="1.2", GBP="0.9")

        self.assertEqual([("USD", "1.2")], self.told(self.ann))
        bob = self.chat.named("Bob")
        self.assertEqual([("GBP", "0.9")], self.subscribe(bob, "EUR/GBP"))
        self.chat.dispatcher.rates_changed()
        self.assertEqual([], self.told(bob))

    def test_a_pair_of_which_nothing_is_known_yet_comes_with_its_first_rate(self) -> None:
        self.assertEqual([], self.subscribe(self.ann, "USD/GBP"))
        self.chat.rates.prices = {}
        self.assertEqual([], self.subscribe(self.ann, "EUR/EUR"))
        self.chat.dispatcher.rates_changed()

        self.assertEqual([], self.told(self.ann))

    def test_a_currency_of_the_past_has_no_quote_until_it_is_quoted_again(self) -> None:
        self.assertEqual([("USD", "1.1172")], self.subscribe(self.ann, "EUR/HRK", "EUR/USD"))

        self.change(HRK="7.5")

        self.assertEqual([("HRK", "7.5")], self.told(self.ann))

    def test_while_the_past_is_awaited_no_pair_is_unknown(self) -> None:
        self.chat.rates.has_all = False
        self.assertEqual([("USD", "1.1172")], self.subscribe(self.ann, "EUR/BGN", "EUR/USD"))
        self.assertEqual("bad_pair", self.refused(self.ann, "subscribe", pairs=["EUR/BGNX"])["code"])

    def test_an_unknown_pair_is_refused_and_the_old_ones_stay(self) -> None:
        self.subscribe(self.ann, "EUR/USD")
        for pair in ("EUR", "EUR/XXX", "EUR/USD/GBP", "EURUSD", "", "€UR/USD", "EUR/" + "x" * 60):
            error = self.refused(self.ann, "subscribe", pairs=["EUR/GBP", pair])
            self.assertEqual("bad_pair", error["code"])
            self.assertLess(len(error["text"]), 200)
        self.ann.clear()
        self.change(USD="1.2", GBP="0.9")

        self.assertEqual([("USD", "1.2")], self.told(self.ann))

    def test_a_quote_event_is_encoded_once_for_all_subscribers(self) -> None:
        for client in (self.ann, self.chat.named("Bob")):
            self.subscribe(client, "EUR/USD")
        self.chat.broadcasts.clear()
        self.change(USD="1.2")

        self.assertEqual(1, len(self.chat.broadcasts))
