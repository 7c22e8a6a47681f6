"""Ends streams because somebody may not have them any more, on all nodes."""

from collections.abc import Sequence
from typing import Final

from twisted.internet.defer import Deferred

from mixsvc.common.text import is_storable
from mixsvc.errors import NotPublished
from mixsvc.interfaces.topics import TopicEnd
from mixsvc.nodes.interfaces import Journal, JournalEvent
from mixsvc.topics.checks import check_topic
from mixsvc.topics.followed import Follower
from mixsvc.topics.following import TopicFollowers

__all__ = ["TopicCloser"]

# The kinds of the journal's events, and their members. Log-outs come from the chat (chat/model/acts.py).
CLOSE: Final = "close-topic"
LOG_OUT: Final = "log_out"
TOPIC: Final = "topic"
PERSON: Final = "person"


class TopicCloser:
    """Ends the streams of a topic, and those of persons who have logged out. Implements LoggedInMany.

    Reactor thread.
    """

    def __init__(self, followers: TopicFollowers, journal: Journal) -> None:
        self._followers = followers
        self._journal = journal
        journal.listen(CLOSE, self._close, self._missed)
        journal.listen(LOG_OUT, self._log_out, self._missed)

    def close(self, topic: str, person: str | None = None) -> "Deferred[None]":
        """See ITopics. Fires when it is done on all nodes. Raises NotPublished; fails with ServiceBusy."""
        check_topic(topic)
        if person is not None and (not isinstance(person, str) or not is_storable(person)):
            raise NotPublished("a person is a text without U+0000 and halves of characters")
        return self._journal.post(CLOSE, "", {TOPIC: topic, PERSON: person})

    def logged_in(self) -> Sequence[Follower]:
        """See LoggedInMany."""
        return [each for each in self._followers.followers() if each.identity and each.identity.ended is not None]

    def end_login(self, each: Follower) -> None:
        """See LoggedInMany."""
        self._followers.end(each, TopicEnd.LOGGED_OUT)

    def _close(self, event: JournalEvent) -> None:
        self._followers.end_topic(event.body[TOPIC], event.body[PERSON])

    def _log_out(self, event: JournalEvent) -> None:
        self._followers.end_person(event.body[PERSON])

    def _missed(self) -> None:
        """Nobody knows what was closed meanwhile."""
        self._followers.end_unknown()
