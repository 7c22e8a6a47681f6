"""The base class of the tests of the IRC door."""

from twisted.trial.unittest import SynchronousTestCase

from tests.irc.fakes import IrcHarness

__all__ = ["IrcTestCase"]


class IrcTestCase(SynchronousTestCase):
    """Makes a chat with an IRC door for each test."""

    def setUp(self) -> None:
        self.chat = IrcHarness()
