import unicodedata
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.common import names
from mixsvc.common.names import LONGEST, LONGEST_TOPIC, BadName, is_room_name, is_topic_name, key, normalise, suggest


def caseless(text: str) -> str:
    """What a compatibility caseless match compares (The Unicode Standard, section 3.13, D146)."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", text).casefold())
    return unicodedata.normalize("NFKD", folded.casefold())


class NormaliseTests(SynchronousTestCase):
    def test_ends_are_trimmed_and_inner_spaces_become_one(self) -> None:
        self.assertEqual("Ann Lee", normalise(" \t Ann \u3000\u00a0 Lee\n"))

    def test_width_and_composition_have_one_spelling(self) -> None:
        self.assertEqual("Ann\u00e9", normalise("\uff21nne\u0301"))

    def test_the_longest_name_is_taken_and_one_more_character_is_not(self) -> None:
        self.assertEqual("x" * LONGEST, normalise("x" * LONGEST))
        with self.assertRaisesRegex(BadName, "longer"):
            normalise("x" * (LONGEST + 1))

    def test_the_length_counts_after_composition(self) -> None:
        self.assertEqual("\u00e9" * LONGEST, normalise("e\u0301" * LONGEST))

    def test_one_character_may_become_too_many(self) -> None:
        with self.assertRaisesRegex(BadName, "longer"):
            normalise("\ufdfa" * 3)

    def test_a_flood_is_refused_before_it_costs_anything(self) -> None:
        with self.assertRaisesRegex(BadName, "longer"):
            normalise("a" + "\u0301\u0323" * 500_000)

    def test_nothing_is_no_name(self) -> None:
        for text in ("", "  ", "\n", "\u3000"):
            with self.assertRaisesRegex(BadName, "empty"):
                normalise(text)

    def test_what_cannot_be_seen_is_refused(self) -> None:
        for character in (
            "\x00\x07\t\n\x7f\x85\u00ad\u061c\u200b\u200d\u200e\u2028\u2029\u202e\u2060\u2066\ufeff"
            "\ud800\ue000\u0378\ufdd0\u034f\u115f\u1160\u17b4\u180b\u180e\u2800\u3164\ufe0f\uffa0\U000e0041\U000e0100"
        ):
            with self.assertRaisesRegex(BadName, "not visible", msg=repr(character)):
                normalise(f"A{character}b")

    def test_two_accents_on_a_letter_are_taken_and_three_are_not(self) -> None:
        self.assertEqual("x\u0323\u0301", normalise("x\u0323\u0301"))
        with self.assertRaisesRegex(BadName, "accents"):
            normalise("x\u0323\u0301\u0302")

    def test_names_of_many_scripts_are_taken(self) -> None:
        for name in ("Żółć", "Анна", "李小龙", "نور", "नमस्ते", "🦊", "O'Neil-2", "각"):
            self.assertEqual(name, normalise(name))

    @given(st.text())
    def test_only_a_good_name_or_bad_name_comes_out(self, text: str) -> None:
        try:
            name = normalise(text)
        except BadName:
            return
        self.assertTrue(1 <= len(name) <= LONGEST)
        self.assertEqual(name, normalise(name))
        name.encode()


class KeyTests(SynchronousTestCase):
    def test_case_and_width_make_no_difference(self) -> None:
        self.assertEqual(key(normalise("STRASSE \uff21nn")), key(normalise("straße ann")))

    def test_different_names_have_different_keys(self) -> None:
        self.assertNotEqual(key("Ann"), key("Anna"))
        # Case folding makes equal neither the dotless i and the i, nor an alpha and an a.
        self.assertNotEqual(key("An\u0131"), key("Ani"))
        self.assertNotEqual(key("\u0391nn"), key("Ann"))

    def test_spaces_of_any_width_make_no_difference(self) -> None:
        for text in ("ann b", " Ann  B ", "\uff21nn\u3000B", "ANN\u00a0B", "Ann\tB\n"):
            self.assertEqual(key(text), key("Ann B"))

    def test_greek_capitals_with_an_iota_below_and_another_mark_are_no_second_name(self) -> None:
        small, capital = "\u1fb7", "\u0391\u0342\u0345"

        self.assertEqual(small.upper(), "\u0391\u0342\u0399")
        self.assertEqual(key(normalise(small)), key(normalise(capital)))

    def test_every_greek_letter_with_marks_has_the_key_of_its_caseless_match(self) -> None:
        letters = [chr(code) for code in (*range(0x0370, 0x0400), *range(0x1F00, 0x2000))]
        found: dict[str, set[str]] = {}
        for text in letters + [letter + mark for letter in letters for mark in "\u0301\u0308\u0342\u0345"]:
            try:
                name = normalise(text)
            except BadName:
                continue
            found.setdefault(caseless(name), set()).add(key(name))

        self.assertEqual([keys for keys in found.values() if len(keys) > 1], [])
        self.assertEqual(len({min(keys) for keys in found.values()}), len(found))

    @given(st.text(max_size=LONGEST))
    def test_the_key_is_the_same_before_and_after_normalisation(self, text: str) -> None:
        try:
            name = normalise(text)
        except BadName:
            return
        self.assertEqual(key(name), key(text))
        self.assertEqual(key(name), key(key(name)))
        self.assertEqual(key(name), names.fold(name))

    @given(st.text(max_size=LONGEST), st.sampled_from([str.upper, str.lower, str.title, str.casefold]))
    def test_names_that_match_whatever_their_case_have_one_key(self, text: str, change: Callable[[str], str]) -> None:
        text = unicodedata.normalize("NFKC", text)
        other = unicodedata.normalize("NFKC", change(text))

        self.assertEqual(caseless(text) == caseless(other), names.fold(text) == names.fold(other))

    @given(st.text(st.characters(max_codepoint=127), max_size=LONGEST))
    def test_ascii_folds_as_all_texts_do(self, text: str) -> None:
        self.assertEqual(names.fold(text), unicodedata.normalize("NFKC", text.casefold()))
        self.assertEqual(names.fold(text + "\u00e9"), names.fold(text) + "\u00e9")

    def test_a_flood_of_marks_costs_nothing(self) -> None:
        flood = "a" + "\u0301\u0323" * 500_000

        self.assertEqual(key(flood), flood)
        self.assertEqual(names.fold(flood), flood)


class RoomNameTests(SynchronousTestCase):
    def test_letters_digits_and_some_signs_make_a_name(self) -> None:
        for text in ("lobby", "caf\u00e9", "\u0928\u092e\u0938\u094d\u0924\u0947", "7", "a-b_c.d", "x" * LONGEST):
            self.assertTrue(is_room_name(text), text)

    def test_anything_else_does_not(self) -> None:
        for text in ("", "-a", "_a", "a b", "a/b", "cafe\u0301", "\uff21", "\u0301a", "a\u200b", "x" * (LONGEST + 1)):
            self.assertFalse(is_room_name(text), text)


class SuggestTests(SynchronousTestCase):
    def test_the_second_ann_is_ann2(self) -> None:
        self.assertEqual("Ann2", suggest("Ann", {"ann"}))

    def test_a_suggestion_that_is_taken_is_passed_over(self) -> None:
        self.assertEqual("Ann4", suggest("Ann", {"ann", "ann2", "ann3"}))

    def test_the_longest_name_makes_place_for_the_number(self) -> None:
        self.assertEqual("x" * (LONGEST - 1) + "2", suggest("x" * LONGEST, {"x" * LONGEST}))

    def test_a_crowd_of_one_name_takes_few_tries(self) -> None:
        crowd = CountingSet({"ann", *(f"ann{number}" for number in range(2, 100_000))})

        self.assertEqual("Ann100000", suggest("Ann", crowd))
        self.assertLess(crowd.asked, 50)

    @given(st.text(min_size=1, max_size=names.LONGEST), st.integers(0, 30))
    def test_a_suggestion_is_free_and_a_good_name(self, text: str, others: int) -> None:
        try:
            name = normalise(text)
        except BadName:
            return
        taken = {key(name)}
        for _ in range(others):
            taken.add(key(suggest(name, taken)))

        found = suggest(name, taken)

        self.assertNotIn(key(found), taken)
        self.assertEqual(found, normalise(found))


class CountingSet(set[str]):
    asked = 0

    def __contains__(self, item: object) -> bool:
        self.asked += 1
        return super().__contains__(item)


class TopicNameTests(SynchronousTestCase):
    def test_a_topic_has_letters_digits_and_some_signs_and_begins_with_a_letter_or_a_digit(self) -> None:
        for text in ("a", "order-42", "user:7.orders_x", "Bestellung-\u00e4", "4", "x" * LONGEST_TOPIC):
            self.assertTrue(is_topic_name(text), text)
        others = ("", ":a", "-a", ".", "a b", "a,b", "a=b", "a@b", "a/b", "a\n", "a\0", "a%", "\u200b", "x" * 101)
        for text in others:
            self.assertFalse(is_topic_name(text), text)

    def test_a_name_that_is_not_in_normal_form_is_none(self) -> None:
        self.assertFalse(is_topic_name("a\u0308"))
        self.assertFalse(is_topic_name("\uff41"))
