"""Commands: how they are written, and the answers about rates."""

from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.protocol import commands
from mixsvc.chat.protocol.commands import (
    HELP,
    LONGEST_TOPIC,
    MAX_DIGITS,
    Action,
    BadCommand,
    Command,
    Convert,
    Help,
    Plain,
    Rate,
    Topic,
    answer,
    parse,
)
from mixsvc.interfaces import Quote
from mixsvc.rates.facade import RatesFacade
from mixsvc.rates.history.history import RateHistory
from mixsvc.rates.model.latest import RateTable
from tests.rates.known import rates
from tests.rates.samples import moment

DAY = date(2026, 10, 30)

CODES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=3)
AMOUNTS = st.decimals(min_value=Decimal("0.001"), max_value=10**12, places=3)


def quoted(quote: str, price: str, day: date = DAY) -> Quote:
    return Quote("EUR", quote, Decimal(price), day, datetime(2026, 10, 30, 15, tzinfo=UTC), "ecb", stale=False)


def answered(command: Rate | Convert, *quotes: Quote) -> str:
    return answer(command, rates(*quotes))


def euros(amount: str, quote: Quote) -> str:
    """What the amount is, without the origin."""
    return answered(Convert(Decimal(amount), "EUR", quote.quote), quote).partition(" (")[0]


class ParseTests(SynchronousTestCase):
    def refused(self, text: str, why: str) -> None:
        with self.assertRaisesRegex(BadCommand, why, msg=repr(text)):
            parse(text)

    def test_two_slashes_are_a_text_with_one_slash(self) -> None:
        self.assertEqual(Plain("/me waves"), parse("//me waves"))
        self.assertEqual(Plain("/"), parse("//"))

    def test_a_text_without_a_slash_is_plain(self) -> None:
        self.assertEqual(Plain(" /me waves"), parse(" /me waves"))

    def test_what_a_person_does_keeps_its_own_white_space(self) -> None:
        self.assertEqual(Action("waves,\n  and  smiles"), parse("/me  waves,\n  and  smiles\n"))
        self.assertEqual(Action("/me"), parse("/me\n/me"))

    def test_to_do_nothing_is_refused(self) -> None:
        for text in ("/me", "/me ", "/me\n\u3000"):
            self.refused(text, "^Say what you do: /me waves$")

    def test_a_topic_becomes_one_line(self) -> None:
        self.assertEqual(Topic("Plans for May"), parse("/topic  Plans\nfor \t May "))

    def test_a_topic_command_alone_removes_the_topic(self) -> None:
        self.assertEqual([Topic("")] * 2, [parse("/topic"), parse("/topic \n")])

    def test_the_longest_topic_is_taken_and_one_more_character_is_not(self) -> None:
        self.assertEqual(Topic("x" * LONGEST_TOPIC), parse("/topic " + "x" * LONGEST_TOPIC))
        self.refused("/topic " + "x" * (LONGEST_TOPIC + 1), "^A topic has up to 200 characters; this one has 201.$")

    def test_the_word_is_known_in_any_case(self) -> None:
        self.assertEqual([Action("waves"), Help()], [parse("/ME waves"), parse("/Help")])

    def test_help_may_be_asked_for_with_more_words(self) -> None:
        self.assertEqual([Help()] * 2, [parse("/help"), parse("/help me")])

    def test_an_unknown_word_is_refused(self) -> None:
        self.refused(
            "/foo bar", "^There is no command /foo; /help lists them. Begin with // to say a text that begins with /.$"
        )
        for text in ("/", "/ me waves", "/mex", "/me/", "/\n", "/\u00b5"):
            self.refused(text, "There is no command")

    def test_a_long_unknown_word_is_not_repeated_in_full(self) -> None:
        self.refused("/" + "x" * 100_000, "^There is no command /x{20}…; ")

    def test_a_pair_is_written_in_several_ways(self) -> None:
        for text in ("EUR/USD", "EUR USD", "eur/usd", "EUR / Usd", " EUR  USD ", "EUR to USD", "eur\tTO\tusd"):
            self.assertEqual(Rate("EUR", "USD"), parse(f"/rate {text}"))
            self.assertEqual(Convert(Decimal(5), "EUR", "USD"), parse(f"/convert 5 {text}"))

    def test_anything_else_is_no_pair(self) -> None:
        for text in ("", "EUR", "EURUSD", "EUR/", "EUR/USDX", "EUR//USD", "EUR USD GBP", "EU1/USD", "ſEK/USD"):
            self.refused(f"/rate {text}", "^Name two currencies by their codes of three letters: /rate EUR/USD$")
            self.refused(f"/convert 5 {text}", "^Give an amount")

    def test_an_amount_may_have_commas_between_thousands(self) -> None:
        for text, amount in (("1,000.50", "1000.50"), ("12,345,678", "12345678"), ("007", "7"), ("0.001", "0.001")):
            self.assertEqual(Convert(Decimal(amount), "EUR", "USD"), parse(f"/convert {text} EUR to USD"))

    def test_an_amount_may_stand_close_to_its_currency(self) -> None:
        self.assertEqual(Convert(Decimal(100), "EUR", "USD"), parse("/convert 100EUR USD"))

    def test_anything_else_is_no_amount(self) -> None:
        for text in (
            "",
            "-1",
            "+1",
            "1,5",
            "1.000,50",
            "1,0000",
            "1000,000",
            ".5",
            "5.",
            "1e3",
            "nan",
            "inf",
            "٣",
            "1_0",
        ):
            self.refused(f"/convert {text} EUR USD", "^Give an amount, such as 100 or 1,000.50, ")

    def test_nothing_is_no_amount(self) -> None:
        for text in ("0", "0.00", "000", "0.0"):
            self.refused(f"/convert {text} EUR USD", "^An amount is above zero")

    def test_the_longest_amount_is_taken_and_one_more_digit_is_not(self) -> None:
        longest = "1." + "2" * (MAX_DIGITS - 1)

        self.assertEqual(Convert(Decimal(longest), "EUR", "USD"), parse(f"/convert {longest} EUR USD"))
        self.refused(f"/convert {longest}0 EUR USD", "has up to 20 digits.$")

    @given(st.text())
    def test_what_follows_one_slash_more_is_plain(self, text: str) -> None:
        self.assertEqual(Plain("/" + text), parse("//" + text))

    @given(
        st.sampled_from(["", "me", "topic", "rate", "convert", "help"]), st.text(" \n/,.0123EURto\u3000x", max_size=30)
    )
    def test_only_a_command_or_bad_command_comes_out(self, word: str, rest: str) -> None:
        try:
            command = parse(f"/{word} {rest}")
        except BadCommand:
            return
        self.assertEqual(command, parse(written(command)))

    @given(AMOUNTS, CODES, CODES, st.booleans())
    def test_a_conversion_is_read_as_it_is_written(self, amount: Decimal, base: str, quote: str, commas: bool) -> None:
        text = f"{amount:,f}" if commas else f"{amount:f}"

        self.assertEqual(Convert(amount, base, quote), parse(f"/convert {text} {base.lower()} {quote}"))


def written(command: Command) -> str:
    match command:
        case Plain(text):
            return f"/{text}"
        case Action(text):
            return f"/me {text}"
        case Topic(text):
            return f"/topic {text}"
        case Rate(base, quote):
            return f"/rate {base} {quote}"
        case Convert(amount, base, quote):
            return f"/convert {amount:f} {base} {quote}"
        case Help():
            return "/help"


class AnswerTests(SynchronousTestCase):
    def test_a_rate_comes_with_its_source_and_date(self) -> None:
        self.assertEqual("1 EUR = 1.1172 USD (ecb, 2026-10-30)", answered(Rate("EUR", "USD"), quoted("USD", "1.1172")))

    def test_a_stale_one_says_so(self) -> None:
        stale = quoted("USD", "1.1172", date(2026, 10, 23))

        self.assertEqual("1 EUR = 1.1172 USD (ecb, 2026-10-23, stale)", answered(Rate("EUR", "USD"), stale))
        self.assertEqual(
            "100 EUR = 111.72 USD (1 EUR = 1.1172 USD, ecb, 2026-10-23, stale)",
            answered(Convert(Decimal(100), "EUR", "USD"), stale),
        )

    def test_an_amount_comes_with_the_rate(self) -> None:
        self.assertEqual(
            "1000.50 EUR = 1117.76 USD (1 EUR = 1.1172 USD, ecb, 2026-10-30)",
            answered(Convert(Decimal("1000.50"), "EUR", "USD"), quoted("USD", "1.1172")),
        )

    def test_an_amount_is_rounded_half_to_even(self) -> None:
        self.assertEqual("0.5 EUR = 0.12 USD", euros("0.5", quoted("USD", "0.25")))
        self.assertEqual("1.5 EUR = 0.38 USD", euros("1.5", quoted("USD", "0.25")))

    def test_an_amount_is_converted_with_all_digits_of_both_prices_and_rounded_once(self) -> None:
        dollar, yen, dinar = quoted("USD", "1.1233"), quoted("JPY", "175.75"), quoted("KWD", "0.3552")

        found = answered(Convert(Decimal(1_000_000), "USD", "JPY"), dollar, yen)

        self.assertEqual("1000000 USD = 156458649 JPY (1 USD = 156.459 JPY, ecb, 2026-10-30)", found)
        self.assertEqual("5 EUR = 1.776 KWD", euros("5", dinar))

    def test_some_currencies_have_no_cents(self) -> None:
        for code in ("JPY", "KRW", "ISK"):
            self.assertEqual(f"1.5 EUR = 268 {code}", euros("1.5", quoted(code, "178.5")))
        self.assertEqual("1.5 EUR = 267.75 HUF", euros("1.5", quoted("HUF", "178.5")))

    def test_the_largest_amount_at_the_highest_price_is_exact(self) -> None:
        nines = "9" * MAX_DIGITS

        self.assertEqual(f"{nines} EUR = {int(nines) ** 2}.00 USD", euros(nines, quoted("USD", nines)))

    def test_no_number_is_written_with_an_exponent(self) -> None:
        self.assertEqual(
            "1 EUR = 0.00000001 USD (ecb, 2026-10-30)", answered(Rate("EUR", "USD"), quoted("USD", "1E-8"))
        )
        self.assertEqual("0.00000001 EUR = 0.00 USD", euros("1E-8", quoted("USD", "1E-8")))

    def test_an_unknown_currency_brings_suggestions(self) -> None:
        quotes = quoted("USD", "1.1"), quoted("GBP", "0.9")

        self.assertEqual("USX is not a currency known here; did you mean USD?", answered(Rate("EUR", "USX"), *quotes))
        self.assertEqual("GPB is not a currency known here; did you mean GBP?", answered(Rate("GPB", "USD"), *quotes))
        self.assertEqual("XXX is not a currency known here.", answered(Convert(Decimal(1), "XXX", "EUR"), *quotes))

    def test_while_more_of_the_past_is_awaited_no_currency_is_called_unknown(self) -> None:
        table = RateTable(moment)
        table.publish([quoted("HKD", "8.7")])
        waiting = RatesFacade(table, RateHistory(), lambda: [], moment, lambda: False)

        told = answer(Rate("EUR", "HRK"), waiting)

        self.assertEqual("There is no rate of EUR/HRK at the moment; ask again a little later.", told)

    def test_a_missing_rate_is_answered_with_a_sentence(self) -> None:
        told = "There is no rate of EUR/USD at the moment; ask again a little later."

        self.assertEqual(told, answered(Rate("EUR", "USD")))
        self.assertEqual(told, answered(Convert(Decimal(1), "EUR", "USD")))

    def test_a_currency_of_the_past_is_known_and_its_last_day_is_named(self) -> None:
        kuna = quoted("HRK", "7.5365", date(2022, 12, 30))
        told = "HRK is no longer quoted; its last quote is of 2022-12-30."

        self.assertEqual(told, answered(Rate("EUR", "HRK"), kuna, quoted("HKD", "8.7")))
        self.assertEqual(told, answered(Convert(Decimal(1), "HRK", "EUR"), kuna, quoted("HKD", "8.7")))


class HelpTests(SynchronousTestCase):
    def test_every_command_has_a_line_with_an_example_that_works(self) -> None:
        examples = [line.partition(":")[0] for line in HELP.splitlines()]

        kinds = [type(parse(example)) for example in examples]

        self.assertEqual([Action, Topic, Rate, Convert, Help, Plain], kinds)
        self.assertEqual(len(commands._COMMANDS) + 1, len(examples))
