"""Topics in a process that does not have them."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from mixsvc.errors import NotPublished
from mixsvc.threads.wait_limit import Slot, WaitLimit
from mixsvc.topics.remote import RemoteTopics

MOST = 1000


def ask(method: str, arguments: Sequence[object], slot: Slot) -> Any:
    """As a process of views asks (mixsvc.wsgi.children.asking)."""
    if len(json.dumps([method, arguments])) > MOST:
        raise ValueError("the arguments are too long")
    return 1


@pytest.mark.parametrize(
    "call",
    [
        lambda topics: topics.publish("a", "x" * MOST),
        lambda topics: topics.publish("a", "x", event=object()),
        lambda topics: topics.publish("a", "x", key=b"k"),
        lambda topics: topics.last(object()),
        lambda topics: topics.close(b"a"),
    ],
)
def test_what_no_question_can_carry_is_refused_as_it_is_where_the_topics_are(
    call: Callable[[RemoteTopics], object],
) -> None:
    topics = RemoteTopics(ask, WaitLimit(1))
    assert topics.publish("a", "x") == 1

    with pytest.raises(NotPublished, match="^mix[.]"):
        call(topics)


def test_what_is_refused_where_the_topics_are_is_told_as_it_is() -> None:
    def refuse(method: str, arguments: Sequence[object], slot: Slot) -> Any:
        raise NotPublished("'a b' is not a topic")

    with pytest.raises(NotPublished, match="^'a b' is not a topic$"):
        RemoteTopics(refuse, WaitLimit(1)).publish("a b", "x")
