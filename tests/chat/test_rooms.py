from twisted.trial.unittest import SynchronousTestCase

from mixsvc.chat.rooms import Rooms


class RoomsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.rooms: Rooms[int] = Rooms(["lobby", "den"])

    def test_rooms_are_fixed_and_keep_their_order(self) -> None:
        self.assertEqual(("lobby", "den"), self.rooms.names())
        self.assertIn("den", self.rooms)
        self.assertNotIn("attic", self.rooms)

    def test_members_are_sorted_without_regard_to_case(self) -> None:
        for member, name in enumerate(["bob", "Zoe", "Ann"]):
            self.rooms.enter("lobby", member, name)

        self.assertEqual(("Ann", "bob", "Zoe"), self.rooms.members("lobby"))
        self.assertEqual((), self.rooms.members("den"))

    def test_a_room_that_is_not_there_has_no_members(self) -> None:
        self.assertEqual((), self.rooms.members("attic"))

    def test_who_leaves_is_neither_member_nor_audience(self) -> None:
        self.rooms.enter("lobby", 1, "Ann")
        self.rooms.enter("lobby", 2, "Bob")
        self.assertEqual((1, 2), self.rooms.audience("lobby"))

        self.rooms.leave("lobby", 1)

        self.assertEqual(("Bob",), self.rooms.members("lobby"))
        self.assertEqual((2,), self.rooms.audience("lobby"))

    def test_a_snapshot_and_an_audience_stay_as_they_were(self) -> None:
        self.rooms.enter("lobby", 1, "Ann")
        members, audience = self.rooms.members("lobby"), self.rooms.audience("lobby")

        self.rooms.enter("lobby", 2, "Bob")

        self.assertEqual((("Ann",), (1,)), (members, audience))
        self.assertEqual((1, 2), self.rooms.audience("lobby"))

    def test_an_audience_is_made_once_as_long_as_nobody_comes_or_goes(self) -> None:
        self.rooms.enter("lobby", 1, "Ann")

        self.assertIs(self.rooms.audience("lobby"), self.rooms.audience("lobby"))

    def test_who_is_not_inside_cannot_leave(self) -> None:
        self.assertRaises(KeyError, self.rooms.leave, "lobby", 1)
