from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.rates.sources.json_paths import JsonPaths, entries, inside_entry, value_at


class Values(SynchronousTestCase):
    def test_names_lead_to_a_value_in_any_case_but_their_own_comes_first(self) -> None:
        found = {"Data": {"a": 1, "A": 2, "b-c": [{"x": 3}]}}

        for path, value in (("Data.A", 2), ("data.a", 1), ("DATA.B-C.0.X", 3), ("", found)):
            self.assertEqual(value_at(found, path), value)

    def test_a_path_that_leads_nowhere_is_named(self) -> None:
        for path in ("b", "a.b", "l.1", "l.-1", "l.x", "l.0.y", "a.0", "l.\u0661"):
            with self.subTest(path=path), self.assertRaisesRegex(ValueError, "^it has no field "):
                value_at({"a": 1, "l": [{}]}, path)


class Entries(SynchronousTestCase):
    def found(self, answer: Any, rates: str, code: str = "") -> list[tuple[str, Any]]:
        return list(entries(answer, JsonPaths("date", rates, code)))

    def test_the_names_of_an_object_are_the_codes(self) -> None:
        table = {"USD": 1, "GBP": {"v": 2}}

        for rates in ("rates", "rates.*", "rates.*.v"):
            self.assertEqual(self.found({"rates": table}, rates), [("USD", 1), ("GBP", {"v": 2})])
        self.assertEqual(self.found(table, "*"), [("USD", 1), ("GBP", {"v": 2})])

    def test_rows_have_their_codes_in_a_field_and_those_without_have_none(self) -> None:
        rows = [{"c": "USD"}, {}, {"c": 3}, None]

        codes = [code for code, _ in self.found(rows, "*.v", "*.c")]

        self.assertEqual(codes, ["USD", "", "", ""])
        self.assertEqual(self.found({"first": rows[0]}, "*.v", "*.c"), [("USD", rows[0])])

    def test_what_is_no_table_of_prices_is_refused(self) -> None:
        for answer, rates, code, told in (
            ({"rates": 3}, "rates", "", "rates is not an object"),
            ({"rates": [1]}, "rates", "", "rates is a list; give the path of a price in it"),
            ([{}], "*.v", "*.c", r"it has no field \*.c"),
            ({}, "rates.*.v", "", "it has no field rates"),
        ):
            with self.subTest(told=told), self.assertRaisesRegex(ValueError, told):
                self.found(answer, rates, code)

    def test_what_follows_the_star_is_looked_up_in_an_entry(self) -> None:
        self.assertEqual([inside_entry(path) for path in ("a.*.b.c", "*", "*.b", "a")], ["b.c", "", "b", ""])
