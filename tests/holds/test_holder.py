"""Who is held, how many, and what a stop does."""

import re

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from mixsvc.holds.holder import HoldLimits
from mixsvc.interfaces import Identity
from tests.holds.held import GET, STREAM, HeldCase, holding

PLAIN = STREAM % (b"", b"")


class HolderTests(HeldCase):
    """With few places."""

    limits = HoldLimits(most=3, most_each=2, max_unread=1000)

    def test_so_many_of_one_address(self) -> None:
        leaving, _ = self.ask(PLAIN)
        self.ask(GET % (b"", b""))

        _, refused = self.ask(PLAIN)
        leaving.connectionLost(Failure(ConnectionDone()))
        _, held = self.ask(PLAIN)

        assert refused.value().startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: 5\r\n" in refused.value()
        assert held.value().startswith(b"HTTP/1.1 200 ")
        assert self.holder.stats().refused == {"streams": 0, "address": 1, "stopping": 0}

    def test_so_many_in_all(self) -> None:
        self.limits = HoldLimits(most=1, most_each=5, max_unread=1000)
        self.serve(holding("order-42"))
        self.ask(PLAIN)

        _, refused = self.ask(PLAIN)

        assert refused.value().startswith(b"HTTP/1.1 503 ")
        assert self.holder.stats().refused["streams"] == 1

    def test_they_are_counted_by_road(self) -> None:
        leaving, _ = self.ask(PLAIN)
        self.ask(GET % (b"", b""))
        leaving.connectionLost(Failure(ConnectionDone()))

        stats = self.holder.stats()

        assert stats.held == {"stream": 0, "poll": 1, "websocket": 0}
        assert stats.opened == {"stream": 1, "poll": 1, "websocket": 0}

    def test_each_is_listed_with_its_person_its_network_and_its_beginning(self) -> None:
        self.serve(holding("order-42", person="ada"))
        now = self.clock.seconds()
        leaving, _ = self.ask(PLAIN)
        self.clock.advance(3)
        self.ask(GET % (b"", b""))

        listed = self.holder.some(5)

        assert [(each.client.road.value, each.person, each.client.began - now) for each in listed] == [
            ("stream", "ada", 0),
            ("poll", "ada", 3),
        ]
        assert {each.network for each in listed} == {"192.0.2.7"}
        assert len(self.holder.some(1)) == 1
        leaving.connectionLost(Failure(ConnectionDone()))
        assert [self.holder.is_held(each.client) for each in listed] == [False, True]

    def test_the_authenticator_says_who_is_held(self) -> None:
        self.people.next = Deferred()
        ada = Identity("ada")
        channel, _ = self.ask(PLAIN)
        assert not self.topics.followings

        self.people.next.callback(ada)

        assert [each.subscription.identity for each in self.topics.followings] == [ada]
        channel.connectionLost(Failure(ConnectionDone()))
        assert self.people.forgotten == [ada]

    def test_a_client_that_leaves_while_the_authenticator_is_asked_is_not_held(self) -> None:
        self.people.next = Deferred()
        channel, _ = self.ask(PLAIN)

        channel.connectionLost(Failure(ConnectionDone()))
        self.people.next.callback(Identity("ada"))

        assert not self.topics.followings
        assert self.people.forgotten == [Identity("ada")]

    def test_a_login_is_forgotten_where_there_is_no_place(self) -> None:
        self.limits = HoldLimits(most=1, most_each=5, max_unread=1000)
        self.serve(holding("order-42"))
        self.ask(PLAIN)
        self.people.next = Deferred()
        _, wire = self.ask(PLAIN)

        self.people.next.callback(Identity("ada"))

        assert wire.value().startswith(b"HTTP/1.1 503 ")
        assert self.people.forgotten == [Identity("ada")]

    def test_an_authenticator_that_fails_holds_nobody(self) -> None:
        self.people.next = Deferred()
        _, wire = self.ask(PLAIN)

        self.people.next.errback(Failure(ZeroDivisionError()))
        self.flushLoggedErrors(ZeroDivisionError)

        assert wire.value().startswith(b"HTTP/1.1 500 ")
        assert not self.topics.followings

    def test_the_view_may_say_who_is_held(self) -> None:
        self.serve(holding("order-42", person="ada"))
        self.people.next = Deferred()

        self.ask(PLAIN)

        assert [each.subscription.identity for each in self.topics.followings] == [Identity("ada")]

    def test_a_stop_ends_streams_and_polls_and_waits_until_they_have_left(self) -> None:
        channel, stream = self.ask(PLAIN)
        _, poll = self.ask(GET % (b"", b""))

        stopped = self.holder.stop()

        # When to come back: a browser keeps this time, so it is not too short.
        assert re.search(rb"retry: 100\d\n\r\n0\r\n\r\n$", stream.value())
        assert b"\r\nRetry-After: 1\r\n" in poll.value()
        assert poll.value().endswith(b'{"events":[],"last":"0@e1"}\n')
        self.assertNoResult(stopped)
        channel.connectionLost(Failure(ConnectionDone()))
        self.successResultOf(stopped)
        _, refused = self.ask(PLAIN)
        assert refused.value().startswith(b"HTTP/1.1 503 ")

    def test_a_stop_without_clients_is_over_at_once(self) -> None:
        self.successResultOf(self.holder.stop())
