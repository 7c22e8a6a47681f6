"""Commands: how they are written."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.common import commands
from mixsvc.common.commands import (
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
    parse,
)

CODES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=3)
AMOUNTS = st.decimals(min_value=Decimal("0.001"), max_value=10**12, places=3)


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


class HelpTests(SynchronousTestCase):
    def test_every_command_has_a_line_with_an_example_that_works(self) -> None:
        examples = [line.partition(":")[0] for line in HELP.splitlines()]

        kinds = [type(parse(example)) for example in examples]

        self.assertEqual([Action, Topic, Rate, Convert, Help, Plain], kinds)
        self.assertEqual(len(commands._COMMANDS) + 1, len(examples))
