from twisted.trial.unittest import SynchronousTestCase

from mixsvc.common import names
from mixsvc.irc.clients.channel_names import ChannelNames


class ChannelNamesTests(SynchronousTestCase):
    def test_they_stay_in_their_order(self) -> None:
        found = ChannelNames(["Zoe", "Ann"])
        found.add("Mia")
        found.discard("Ann")
        found.discard("Nobody")
        assert list(found) == ["Zoe", "Mia"]

    def test_somebody_is_found_by_the_key_and_inside_by_the_spelling(self) -> None:
        found = ChannelNames(["Jörg"])
        assert found.find(names.key("JÖRG")) == "Jörg" and found.find(names.key("Ann")) == ""
        assert "Jörg" in found and "JÖRG" not in found

    def test_who_is_spelled_otherwise_does_not_go(self) -> None:
        found = ChannelNames(["Jörg"])
        found.discard("JÖRG")
        assert list(found) == ["Jörg"]
