"""Which mute or ban applies to whom, and until when."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.model.sanctions import BAN, MUTE, Sanction, Sanctions
from tests.chat.fakes import NOW

DAY = 86_400.0

ANN = Sanction(1, MUTE, "Ann", "ann", "person-1", "192.0.2.7", "Mod", "spam", NOW + DAY)
ANN_BANNED = replace(ANN, id=2, kind=BAN)
ADDRESS = Sanction(3, BAN, "", "", "", "2001:db8::1", "Mod", "", NOW + DAY)


class SanctionsTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.sanctions = Sanctions()

    def add(self, *sanctions: Sanction) -> None:
        for each in sanctions:
            self.sanctions.add(each, NOW)


class MutedTests(SanctionsTestCase):
    def test_a_mute_applies_to_the_name_and_to_the_person(self) -> None:
        self.add(ANN)

        self.assertEqual(ANN, self.sanctions.muted("ann", "", NOW))
        self.assertEqual(ANN, self.sanctions.muted("bob", "person-1", NOW))
        self.assertIsNone(self.sanctions.muted("bob", "person-2", NOW))

    def test_a_mute_is_no_ban_and_a_ban_no_mute(self) -> None:
        self.add(ANN)
        self.assertIsNone(self.sanctions.banned("ann", "person-1", "192.0.2.7", NOW))

        self.add(replace(ANN_BANNED, name_key="bob", person="person-2"))
        self.assertIsNone(self.sanctions.muted("bob", "person-2", NOW))

    def test_unknown_persons_and_addresses_are_not_sanctioned(self) -> None:
        self.add(replace(ANN, person="", address=""), ADDRESS, replace(ADDRESS, kind=MUTE))

        self.assertIsNone(self.sanctions.muted("", "", NOW))
        self.assertIsNone(self.sanctions.banned("", "", "", NOW))

    def test_a_sanction_is_over_at_its_end(self) -> None:
        self.add(ANN)

        self.assertEqual(ANN, self.sanctions.muted("ann", "", NOW + DAY - 1))
        self.assertIsNone(self.sanctions.muted("ann", "", NOW + DAY))

    def test_the_sanction_that_ends_last_is_returned(self) -> None:
        longer = replace(ANN, id=4, name_key="anna", until=NOW + 2 * DAY)
        self.add(longer, ANN, replace(ANN, id=5, name_key="anne", until=NOW + 1))

        self.assertEqual(longer, self.sanctions.muted("ann", "person-1", NOW))
        self.assertEqual(longer, self.sanctions.muted("anna", "person-1", NOW))
        self.assertEqual(longer, self.sanctions.muted("", "person-1", NOW + DAY))


class BannedTests(SanctionsTestCase):
    def test_a_ban_applies_to_the_name_the_person_and_the_address(self) -> None:
        self.add(ANN_BANNED)

        for key, person, address in (("ann", "", ""), ("bob", "person-1", ""), ("bob", "", "192.0.2.7")):
            self.assertEqual(ANN_BANNED, self.sanctions.banned(key, person, address, NOW))
        self.assertIsNone(self.sanctions.banned("bob", "person-2", "192.0.2.8", NOW))

    def test_addresses_are_compared_by_their_networks(self) -> None:
        self.add(ADDRESS, ANN_BANNED)

        self.assertEqual(ADDRESS, self.sanctions.banned("bob", "", "2001:db8:0:0:ffff::2", NOW))
        self.assertEqual(ANN_BANNED, self.sanctions.banned("bob", "", "::ffff:192.0.2.7", NOW))
        self.assertIsNone(self.sanctions.banned("bob", "", "2001:db8:0:1::1", NOW))

    def test_a_name_that_looks_like_an_address_is_a_name(self) -> None:
        self.add(replace(ANN_BANNED, name_key="192.0.2.9", address=""))

        self.assertIsNone(self.sanctions.banned("", "", "192.0.2.9", NOW))


class AddTests(SanctionsTestCase):
    def test_a_newer_one_of_the_same_target_replaces_the_older(self) -> None:
        shorter = replace(ANN, id=9, person="person-2", until=NOW + 1)
        self.add(ANN, ANN_BANNED, shorter)

        self.assertEqual(shorter, self.sanctions.muted("ann", "", NOW))
        self.assertIsNone(self.sanctions.muted("", "person-1", NOW))
        self.assertEqual([ANN_BANNED, shorter], self.sanctions.all(NOW))

    def test_an_address_is_a_target_by_its_network(self) -> None:
        newer = replace(ADDRESS, id=9, address="2001:db8::2")
        self.add(ADDRESS, newer, ANN_BANNED)

        self.assertEqual([newer, ANN_BANNED], self.sanctions.all(NOW))

    def test_so_many_are_taken_and_one_more_is_not(self) -> None:
        self.sanctions = Sanctions(most=2)
        self.add(ANN, ANN_BANNED)

        with self.assertRaisesRegex(ValueError, "There are 2 mutes and bans already"):
            self.add(ADDRESS)
        self.assertRaises(ValueError, self.sanctions.check, ADDRESS, NOW)
        self.assertEqual([ANN, ANN_BANNED], self.sanctions.all(NOW))

    def test_a_newer_one_of_the_same_target_does_not_count_twice(self) -> None:
        self.sanctions = Sanctions(most=1)
        self.add(ANN, replace(ANN, id=9))

        self.assertEqual([replace(ANN, id=9)], self.sanctions.all(NOW))

    def test_sanctions_that_have_ended_do_not_count(self) -> None:
        self.sanctions = Sanctions(most=1)
        self.add(ANN)

        self.sanctions.add(replace(ADDRESS, until=NOW + 2 * DAY), NOW + DAY)

        self.assertEqual(1, len(self.sanctions.all(NOW + DAY)))

    def test_sanctions_that_have_ended_are_in_force_again_when_the_time_is_put_right(self) -> None:
        self.add(ANN, ADDRESS)
        self.assertIsNone(self.sanctions.muted("ann", "", NOW + 400 * DAY))
        self.assertEqual([], self.sanctions.all(NOW + 400 * DAY))
        self.sanctions.add(replace(ANN_BANNED, until=NOW + 401 * DAY), NOW + 400 * DAY)

        self.assertEqual(ANN, self.sanctions.muted("ann", "", NOW))
        self.assertEqual(ADDRESS, self.sanctions.banned("", "", "2001:db8::1", NOW))

    def test_they_are_forgotten_by_a_time_that_may_be_trusted(self) -> None:
        self.add(ANN, ADDRESS)

        self.sanctions.forget_ended(NOW + DAY)

        self.assertEqual([], self.sanctions.all(NOW))

    def test_a_wrong_time_cannot_fill_the_memory(self) -> None:
        self.sanctions = Sanctions(most=2)
        for number in range(9):
            self.sanctions.add(replace(ANN, name_key=str(number), until=NOW + number), NOW + number)

        self.assertLessEqual(len(self.sanctions.all(0.0)), 4)


class LiftTests(SanctionsTestCase):
    def test_what_is_found_stays_in_force(self) -> None:
        self.add(ANN, ANN_BANNED)

        self.assertEqual([ANN], self.sanctions.find(MUTE, "ann", "", NOW))
        self.assertEqual([ANN, ANN_BANNED], self.sanctions.all(NOW))

    def test_a_name_is_lifted_of_the_kind(self) -> None:
        self.add(ANN, ANN_BANNED)

        self.assertEqual([ANN], self.sanctions.lift(MUTE, "ann", "", NOW))
        self.assertEqual([ANN_BANNED], self.sanctions.all(NOW))
        self.assertIsNone(self.sanctions.muted("ann", "person-1", NOW))

    def test_what_is_not_there_is_not_lifted(self) -> None:
        self.add(ANN, ADDRESS)

        self.assertEqual([], self.sanctions.lift(MUTE, "bob", "", NOW))
        self.assertEqual([], self.sanctions.lift(MUTE, "", "", NOW))
        self.assertEqual([], self.sanctions.lift(BAN, "", "192.0.2.7", NOW))
        self.assertEqual([ANN, ADDRESS], self.sanctions.all(NOW))

    def test_an_address_whose_ban_is_lifted_is_banned_by_no_name(self) -> None:
        named = replace(ANN_BANNED, address="2001:db8::3")
        self.add(ADDRESS, named)

        self.assertEqual([ADDRESS, named], self.sanctions.lift(BAN, "", "2001:db8::/64", NOW))
        self.assertIsNone(self.sanctions.banned("ann", "person-1", "2001:db8::1", NOW))

    def test_a_sanction_that_has_ended_cannot_be_lifted(self) -> None:
        self.add(ANN)

        self.assertEqual([], self.sanctions.lift(MUTE, "ann", "", NOW + DAY))


class MoveTests(SanctionsTestCase):
    def test_sanctions_end_later_in_their_order_and_the_others_do_not(self) -> None:
        longer = replace(ANN, id=4, name_key="anna", until=NOW + 2 * DAY)
        self.add(ANN, longer, ADDRESS)

        self.assertEqual([1, 3], self.sanctions.move([1, 3, 99], 5 * DAY))

        moved, banned = replace(ANN, until=NOW + 6 * DAY), replace(ADDRESS, until=NOW + 6 * DAY)
        self.assertEqual([moved, longer, banned], self.sanctions.all(NOW))
        self.assertEqual(moved, self.sanctions.muted("", "person-1", NOW))
        self.assertEqual(longer, self.sanctions.muted("anna", "", NOW))


class AllTests(SanctionsTestCase):
    def test_sanctions_that_have_ended_are_left_out(self) -> None:
        self.add(replace(ANN, until=NOW + 1), ADDRESS)

        self.assertEqual([ADDRESS], self.sanctions.all(NOW + 1))

    def test_a_returned_list_does_not_change(self) -> None:
        self.add(ANN)
        told = self.sanctions.all(NOW)

        self.sanctions.lift(MUTE, "ann", "", NOW)

        self.assertEqual([ANN], told)


SANCTIONS = st.builds(
    Sanction,
    id=st.integers(0, 9),
    kind=st.sampled_from([MUTE, BAN]),
    name=st.just("x"),
    name_key=st.sampled_from(["", "a", "b"]),
    person=st.sampled_from(["", "p", "q"]),
    address=st.sampled_from(["", "192.0.2.1", "192.0.2.2"]),
    by=st.just("Mod"),
    reason=st.just(""),
    until=st.integers(1, 20).map(float),
)


class WalkTests(SynchronousTestCase):
    @given(st.lists(st.one_of(SANCTIONS, st.integers(0, 2), st.tuples(st.sampled_from(["a", "b"])))))
    def test_a_plain_list_finds_the_same(self, steps: list[Sanction | int | tuple[str]]) -> None:
        sanctions, plain, now = Sanctions(), list[Sanction](), 0.0
        for step in steps:
            if isinstance(step, Sanction):
                sanctions.add(step, now)
                plain = [each for each in plain if target(each) != target(step)] + [step]
            elif isinstance(step, int):
                now += step
            else:
                sanctions.lift(BAN, step[0], "", now)
                plain = [each for each in plain if (each.kind, each.name_key) != (BAN, step[0])]
            banned = [e for e in plain if e.kind == BAN and e.until > now and {"a", "p", "192.0.2.1"} & fields(e)]
            found = sanctions.banned("a", "p", "192.0.2.1", now)
            self.assertEqual(max((each.until for each in banned), default=None), found and found.until)
        self.assertEqual([each for each in plain if each.until > now], sanctions.all(now))


def target(sanction: Sanction) -> tuple[str, str, str]:
    return (sanction.kind, sanction.name_key, "" if sanction.name_key else sanction.address)


def fields(sanction: Sanction) -> set[str]:
    return {sanction.name_key, sanction.person, sanction.address}
