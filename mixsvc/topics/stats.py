"""What was counted of the topics."""

from mixsvc.common.histogram import Histogram
from mixsvc.common.records import record

__all__ = ["TopicStats"]


@record
class TopicStats:
    """What was counted until now.

    published: events that this process has stored. refused: those that were too many. followed: topics that somebody
    follows here. commit_sizes, commit_seconds: of the transactions that have stored events.
    """

    published: int
    refused: int
    followed: int
    commit_sizes: Histogram
    commit_seconds: Histogram
