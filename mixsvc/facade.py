"""The running service as views see it, in twistd and in every other host."""

from collections.abc import Callable, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, Unpack

from zope.interface import implementer

from mixsvc.common.person_tokens import PersonTokens
from mixsvc.common.records import record
from mixsvc.holds.asked import held_response
from mixsvc.holds.response import Answered, Elsewhere, HeldResponse, cannot_hold
from mixsvc.hooks.registry import hooks
from mixsvc.interfaces import IChat, IMix, IRates
from mixsvc.interfaces.charts import ICharts
from mixsvc.interfaces.holds import Hold, HoldOptions
from mixsvc.interfaces.topics import ITopics

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

__all__ = ["ChatToCome", "Facades", "Mix", "mix"]


@record
class Facades:
    """What a running service offers to views; the fields are those of IMix.

    topics: None if this host has none. elsewhere: answers for mix.hold in a server that is not ours.
    """

    rates: IRates
    chat: IChat | None
    pairs: Sequence[tuple[str, str]]
    charts: ICharts | None = None
    tokens: PersonTokens = field(default_factory=PersonTokens)
    topics: ITopics | None = None
    elsewhere: Elsewhere = cannot_hold


class ChatToCome:
    """What `mix.chat` is before the service runs: hooks can be registered; everything else needs the chat.

    Its other attributes are those of the chat, which is looked for when one of them is read; so it may be kept.
    """

    on_message = staticmethod(hooks.on_message)
    may = staticmethod(hooks.may)

    def __init__(self, find: Callable[[], Facades]) -> None:
        self._find = find

    def __getattr__(self, name: str) -> Any:
        """An attribute of the chat. Raises what finding the service raises, and RuntimeError if it has no chat."""
        chat = self._find().chat
        if chat is None:
            raise RuntimeError(f"there is no chat in this host, so mix.chat.{name} cannot be used")
        return getattr(chat, name)


@implementer(IMix)
class Mix:
    """The object behind `from mixsvc import mix`: importable before a service runs, it finds the service when asked.

    Used in any thread. Its attributes raise RuntimeError before `connect` is called, except that hooks can be
    registered by `chat` at any time.
    """

    def __init__(self) -> None:
        self._find: Callable[[], Facades] | None = None
        self._is_to_come: Callable[[], bool] = _yes

    def connect(self, find: Callable[[], Facades], is_to_come: Callable[[], bool] = lambda: False) -> None:
        """From now on find the service by `find`, which is called in the thread of the view that asks.

        is_to_come: whether whoever reads `chat` now gets a ChatToCome: then the service does not run yet, and reading
        `chat` must not start it.
        """
        self._find, self._is_to_come = find, is_to_come

    @property
    def is_connected(self) -> bool:
        """Whether `connect` was called."""
        return self._find is not None

    @property
    def rates(self) -> IRates:
        """See IMix."""
        return self._facades().rates

    @property
    def chat(self) -> IChat | None:
        """See IMix."""
        if self._is_to_come():
            to_come: Any = ChatToCome(self._facades)
            found: IChat = to_come
            return found
        return self._facades().chat

    @property
    def pairs(self) -> Sequence[tuple[str, str]]:
        """See IMix."""
        return self._facades().pairs

    @property
    def tokens(self) -> PersonTokens:
        """See IMix."""
        return self._facades().tokens

    @property
    def charts(self) -> ICharts | None:
        """See IMix."""
        return self._facades().charts

    def hold(self, *topics: str, **options: Unpack[HoldOptions]) -> HeldResponse:
        """See IMix."""
        return held_response(topics, options, self.elsewhere)

    def publish(self, topic: str, data: Any, event: str | None = None, key: str | None = None) -> int:
        """See IMix."""
        return self._topics().publish(topic, data, event, key)

    def last(self, *topics: str) -> str:
        """See IMix."""
        return self._topics().last(*topics)

    def close(self, topic: str, person: str | None = None) -> None:
        """See IMix."""
        self._topics().close(topic, person)

    def elsewhere(self, environ: "WSGIEnvironment", hold: Hold) -> Answered:
        """What becomes of a hold in a server that is not ours; see mixsvc.holds.response."""
        return self._facades().elsewhere(environ, hold)

    def _topics(self) -> ITopics:
        topics = self._facades().topics
        if topics is None:
            raise RuntimeError("there are no topics in this host; set [chat] listen, or run it by `twistd mixsvc`")
        return topics

    def _facades(self) -> Facades:
        if self._find is None:
            raise RuntimeError("mixsvc does not run here; start it with `twistd mixsvc`, or serve mixsvc.app")
        return self._find()


def _yes() -> bool:
    return True


mix = Mix()
