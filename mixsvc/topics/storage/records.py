"""What topics store, and what they ask the database for: values, the same for every database."""

from mixsvc.common.records import record
from mixsvc.interfaces.topics import TopicBatch

__all__ = ["Numbered", "TopicAge", "TopicDraft", "TopicLimits", "TopicPage", "TopicQuery"]


@record
class TopicDraft:
    """An event that is to be stored. at: seconds since 1970, UTC, None if the time of day is not known for sure.

    name: "" for an event without one. key: the publisher's key, if it gave one.
    """

    topic: str
    name: str
    data: str
    key: str | None
    at: float | None


@record
class Numbered:
    """The number of an event that is stored. is_repeated: it was stored before under the same key."""

    number: int
    is_repeated: bool = False


@record
class TopicQuery:
    """Asks for the oldest events of a topic behind a number; None: for none, but for where the topic ends.

    epoch: of the number; "" if it is not known.
    """

    topic: str
    after: int | None
    epoch: str = ""


@record
class TopicPage:
    """The events of a topic from behind `start` up to `end`, all that there are, as of one moment.

    batch: None if there are none. start: what was asked for, unless is_reset: then events behind that are gone, or it
    is not a number of this epoch, and the page begins with the oldest one that is kept. last: the number of the newest
    event at that moment, which is more than `end` if the page is full.
    """

    start: int
    end: int
    last: int
    batch: TopicBatch | None
    is_reset: bool
    epoch: str


@record
class TopicLimits:
    """keep: how many events of a topic are kept. topics: how many topics there may be.

    page_events, page_bytes: how much a page has at most, but for one event at least.
    """

    keep: int
    topics: int
    page_events: int = 500
    page_bytes: int = 2**18


@record
class TopicAge:
    """now: the time of day. cutoff: events that were stored before it are old. Both in seconds since 1970, UTC."""

    now: float
    cutoff: float
