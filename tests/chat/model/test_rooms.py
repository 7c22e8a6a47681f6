"""Rooms: their members, which of them stay in memory, and how evicted ones come back."""

from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.model.people import Person, Transport
from mixsvc.chat.model.rooms import BadRoom, Room, Rooms, TooManyRooms
from mixsvc.interfaces import RoomOverview
from mixsvc.nodes.alone import alone
from tests.chat.fakes import FakeTransport


def transport() -> Transport:
    return FakeTransport(None, "192.0.2.1")


def enter(room: Room, name: str) -> Transport:
    opened = transport()
    room.enter(opened, Person(f"id of {name}", name))
    return opened


class RoomTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.room = Room("lobby", True, alone().roster)

    def test_members_are_sorted_without_regard_to_case(self) -> None:
        for name in ["bob", "Zoe", "Ann"]:
            enter(self.room, name)

        self.assertEqual(["Ann", "bob", "Zoe"], self.room.members.names())
        self.assertEqual(["bob", "Zoe"], self.room.members.names_after("Ann", 5))
        self.assertEqual(["Ann", "bob"], self.room.members.names_after(None, 2))

    def test_a_room_in_which_nobody_is_has_no_members(self) -> None:
        self.assertEqual(([], 0, ()), (self.room.members.names(), self.room.size, self.room.audience()))

    def test_a_client_that_leaves_is_neither_member_nor_audience(self) -> None:
        ann, bob = enter(self.room, "Ann"), enter(self.room, "Bob")
        self.assertEqual((ann, bob), self.room.audience())

        self.assertTrue(self.room.leave(ann))

        self.assertEqual(["Bob"], self.room.members.names())
        self.assertEqual((bob,), self.room.audience())

    def test_a_person_is_inside_from_the_first_connection_to_the_last(self) -> None:
        ann, first, second = Person("a", "Ann"), transport(), transport()

        self.assertEqual([True, False], [self.room.enter(each, ann) for each in (first, second)])
        self.assertEqual((1, (first, second)), (self.room.size, self.room.audience()))
        self.assertEqual([False, True], [self.room.leave(each) for each in (first, second)])
        self.assertEqual(0, self.room.size)

    def test_a_person_is_sent_on_with_the_last_connection(self) -> None:
        ann, first, second = Person("a", "Ann"), transport(), transport()
        for each in (first, second):
            self.room.enter(each, ann)

        self.room.send_on(first)
        self.assertEqual((1, (second,)), (self.room.size, self.room.audience()))
        self.room.send_on(second)
        self.assertEqual((0, ()), (self.room.size, self.room.audience()))

    def test_a_snapshot_and_an_audience_stay_as_they_were(self) -> None:
        ann = enter(self.room, "Ann")
        members, audience = self.room.members.names(), self.room.audience()

        bob = enter(self.room, "Bob")

        self.assertEqual((["Ann"], (ann,)), (members, audience))
        self.assertEqual((ann, bob), self.room.audience())

    def test_an_audience_is_cached_until_somebody_comes_or_goes(self) -> None:
        enter(self.room, "Ann")

        self.assertIs(self.room.audience(), self.room.audience())

    def test_leaving_a_room_without_being_inside_is_an_error(self) -> None:
        self.assertRaises(KeyError, self.room.leave, transport())


class RoomsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.rooms = Rooms(["lobby", "den"], is_open=True, most=4, roster=alone().roster)

    def test_the_rooms_of_the_settings_come_first_and_keep_their_order(self) -> None:
        self.rooms.obtain("attic")

        self.assertEqual(["lobby", "den", "attic"], self.rooms.names())

    def test_a_room_is_found_by_its_exact_name_only(self) -> None:
        found = self.rooms.find("den")
        assert found is not None

        self.assertEqual("den", found.name)
        self.assertEqual([None, None], [self.rooms.find("attic"), self.rooms.find("DEN")])

    def test_no_room_is_made_if_rooms_are_not_open(self) -> None:
        closed = Rooms(["lobby"], is_open=False, most=4, roster=alone().roster)

        self.assertIsNone(closed.obtain("attic"))
        self.assertEqual(["lobby"], closed.names())

    def test_a_name_that_differs_in_case_or_width_only_is_refused_with_the_rooms_own(self) -> None:
        for name in ("LOBBY", "ｌobby"):
            with self.assertRaises(BadRoom) as caught:
                self.rooms.obtain(name)
            self.assertEqual("lobby", caught.exception.suggestion)

    def test_two_rooms_that_nodes_have_made_at_once_are_both_there_and_no_third_one(self) -> None:
        mine = self.rooms.obtain("Attic")
        assert mine is not None
        enter(mine, "Ann")

        self.rooms.heard("attic", 3)

        theirs = self.rooms.obtain("attic")
        assert theirs is not None and theirs is not mine
        self.assertEqual(((mine, 0), (theirs, 3)), ((self.rooms.find("Attic"), mine.last), (theirs, theirs.last)))
        self.assertEqual(["Attic", "attic"], [self.rooms.spelling(each) for each in ("ATTIC", "attic")])
        with self.assertRaises(BadRoom) as caught:
            self.rooms.obtain("ATTIC")
        self.assertEqual("Attic", caught.exception.suggestion)

    def test_a_room_in_which_nobody_is_gives_way_to_that_of_another_node(self) -> None:
        self.rooms.obtain("Attic")

        self.rooms.accept("attic")

        with self.assertRaises(BadRoom) as caught:
            self.rooms.obtain("Attic")
        self.assertEqual("attic", caught.exception.suggestion)

    def test_a_room_of_the_settings_hides_one_that_differs_in_case_only(self) -> None:
        self.rooms.heard("Lobby", 3)
        self.rooms.restore([("Lobby", 3, "")])

        self.assertEqual((False, ["lobby", "den"]), (self.rooms.exists("Lobby"), self.rooms.names()))

    def test_once_both_rooms_are_forgotten_a_new_one_may_have_any_spelling(self) -> None:
        self.rooms.restore([("Attic", 3, ""), ("attic", 2, ""), ("ATTIC", 1, "")])
        self.assertEqual(["lobby", "den", "attic", "Attic"], self.rooms.names())
        self.assertTrue(self.rooms.exists("ATTIC"))

        for name in ("Attic", "attic", "ATTIC"):
            self.rooms.forget(name)

        made = self.rooms.obtain("aTTic")
        self.assertEqual("aTTic", made and made.name)

    def test_a_name_has_1_to_32_letters_digits_and_a_few_signs(self) -> None:
        for name in ("", "x" * 33, "-x", ".x", "_x", "a b", "a/b", "é" + "\u0301" * 2 + "\n", "e\u0301", "ﬁ", "a\n"):
            with self.assertRaises(BadRoom) as caught:
                self.rooms.obtain(name)
            self.assertIsNone(caught.exception.suggestion, name)
        for name in ("x" * 32, "9-_.é"):
            self.rooms.obtain(name)

    def test_a_room_is_released_when_nobody_is_inside_and_nothing_was_said(self) -> None:
        attic, loft = self.rooms.obtain("attic"), self.rooms.obtain("loft")
        lobby = self.rooms.find("lobby")
        assert attic is not None and loft is not None and lobby is not None
        ann = enter(attic, "Ann")
        loft.is_kept = True

        for room in (attic, loft, lobby):
            self.rooms.release(room)
        self.assertEqual(["lobby", "den", "attic", "loft"], self.rooms.names())
        attic.leave(ann)
        self.rooms.release(attic)

        self.assertEqual(["lobby", "den", "loft"], self.rooms.names())

    def test_a_room_too_many_evicts_the_least_recently_used_one(self) -> None:
        attic, loft = self.rooms.obtain("attic"), self.rooms.obtain("loft")
        assert attic is not None and loft is not None
        enter(attic, "Ann")

        cave = self.rooms.obtain("cave")

        assert cave is not None
        self.assertEqual(["lobby", "den", "attic", "cave"], self.rooms.names())
        enter(cave, "Ann")
        self.assertRaises(TooManyRooms, self.rooms.obtain, "loft")

    def test_rooms_are_restored_from_the_database_as_far_as_they_fit(self) -> None:
        known = [("attic", 5, "May"), ("lobby", 7, ""), ("Lobby", 9, ""), ("loft", 3, ""), ("Attic", 2, "")]
        self.rooms.restore([*known, ("cave", 1, "")])

        seen = [("lobby", 7, ""), ("den", 0, ""), ("loft", 3, ""), ("attic", 5, "May")]
        self.assertEqual([RoomOverview(name, 0, topic, last) for name, last, topic in seen], self.rooms.overview())

    def test_rooms_that_are_not_open_any_more_are_not_restored(self) -> None:
        closed = Rooms(["lobby"], is_open=False, most=4, roster=alone().roster)
        closed.restore([("attic", 5, ""), ("lobby", 7, "")])

        self.assertEqual([RoomOverview("lobby", 0, "", 7)], closed.overview())

    def test_after_a_restart_the_room_with_the_oldest_messages_is_evicted_first(self) -> None:
        """The database names the rooms with the latest messages first, and more than fit."""
        self.rooms.restore([("new", 1, ""), ("old", 1, ""), ("oldest", 1, "")])
        self.assertEqual({"lobby", "den", "new", "old"}, set(self.rooms.names()))

        self.rooms.obtain("cave")

        self.assertEqual({"lobby", "den", "new", "cave"}, set(self.rooms.names()))

    def test_an_evicted_room_is_restored_as_it_was(self) -> None:
        self.rooms.restore([("new", 1, ""), ("old", 1, ""), ("oldest", 5, "May")])
        # A new room and the requested one evict others.
        self.rooms.obtain("cave")
        woken = self.rooms.obtain("oldest")

        assert woken is not None
        self.assertEqual((5, "May"), (woken.last, woken.topic))
        self.rooms.release(woken)
        self.assertTrue(self.rooms.exists("oldest"))
        self.rooms.obtain("loft")
        self.rooms.obtain("den2")
        self.assertTrue(self.rooms.exists("oldest"))
        self.assertRaises(BadRoom, self.rooms.obtain, "OLDEST")

    def test_what_has_happened_unheard_is_taken_over_also_for_rooms_that_are_evicted(self) -> None:
        self.rooms.restore([("new", 1, ""), ("old", 1, ""), ("gone", 1, "May"), ("evicted", 5, "May")])

        known = [("lobby", 2, "Plans"), ("evicted", 7, "June"), ("new", 1, ""), ("unknown", 1, "")]
        self.rooms.renew(known, self.rooms.lasts())

        seen = [("lobby", 2, "Plans"), ("den", 0, ""), ("new", 1, "")]
        self.assertEqual([RoomOverview(name, 0, topic, last) for name, last, topic in seen], self.rooms.overview())
        self.assertFalse(self.rooms.exists("gone"))
        woken = self.rooms.obtain("evicted")
        assert woken is not None
        self.assertEqual((7, "June"), (woken.last, woken.topic))
