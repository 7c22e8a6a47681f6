"""The methods of IChat for another process: what it asks, and what the process that serves the chat answers.

A question is the name of a method and its arguments; it travels as JSON over HTTP (mixsvc.embedded) or through a pipe
(mixsvc.child). Processes of different versions ask each other while a host restarts its workers one by one, so names
and forms stay.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from zope.interface import implementer

from mixsvc.hooks.registry import hooks, is_in_hook
from mixsvc.interfaces import ChatMessage, ChatPage, FoundMessage, IChat, RoomOverview, SearchPage
from mixsvc.threads.wait_limit import AskInSlot, Slot, WaitLimit

if TYPE_CHECKING:
    # Only the process that serves the chat has it in its memory.
    from mixsvc.chat.dispatch import ChatDispatcher

__all__ = ["RemoteChat", "chat_answers"]


def chat_answers(service: "ChatDispatcher") -> Mapping[str, Callable[..., Any]]:
    """The methods that other processes may call, in the reactor thread; each returns JSON or a Deferred of it."""
    return {
        "rooms": service.rooms,
        "members": service.members,
        "overview": lambda: _rooms_as_json(service.overview()),
        "asks": lambda: service.asks_permission,
        "seen": lambda person: service.seen_by(person).addCallback(_rooms_as_json),
        "allows": service.allows,
        "revoke": service.revoke,
        "log_out": service.log_out,
        "look_at_logins": service.look_at_logins,
        "claim": service.claim,
        "history": lambda *arguments: service.page(*arguments).addCallback(_page_as_json),
        "search": lambda *arguments: service.search(*arguments).addCallback(_found_as_json),
        # Called by processes of an older version.
        "page": lambda *arguments: service.page(*arguments).addCallback(_page_as_it_was),
        "say": lambda *arguments: service.publish(*arguments).addCallback(lambda stored: stored.message.number),
        "deliver": lambda *arguments: service.deliver(*arguments).addCallback(lambda stored: stored.message.number),
        "answer": lambda *arguments: service.answer(*arguments).addCallback(lambda stored: stored.message.number),
    }


@implementer(IChat)
class RemoteChat:
    """The chat in a process that does not serve it. Its methods block, each with the time limit of `ask`.

    Each raises ServiceBusy if there is no answer in time. Used in worker threads.
    """

    on_message = staticmethod(hooks.on_message)
    may = staticmethod(hooks.may)

    def __init__(self, ask: AskInSlot, prefix: str, wait_limit: WaitLimit) -> None:
        """prefix: see IChat. wait_limit: for threads that wait for the chat's database."""
        self._ask_chat = ask
        self._wait_limit = wait_limit
        self._permission_limit = wait_limit.another()
        self.prefix = prefix

    @property
    def asks_permission(self) -> bool:
        """See IChat."""
        return bool(self._ask("asks", ()))

    def seen_by(self, person: str | None) -> Sequence[RoomOverview]:
        """See IChat."""
        found = self._ask("seen", (person,), self._permission_limit.slot)
        return [RoomOverview(*each) for each in found]

    def allows(self, person: str | None, action: str, room: str | None) -> bool:
        """See IChat."""
        return bool(self._ask("allows", (person, action, room), self._permission_limit.slot))

    def revoke(self, person: str | None, room: str) -> None:
        """See IChat."""
        self._ask("revoke", (person, room))

    def log_out(self, person: str) -> None:
        """See IChat."""
        self._ask("log_out", (person,))

    def look_at_logins(self) -> None:
        """See IChat."""
        self._ask("look_at_logins", ())

    def rooms(self) -> Sequence[str]:
        """See IChat."""
        return list(self._ask("rooms", ()))

    def members(self, room: str) -> Sequence[str]:
        """See IChat."""
        return list(self._ask("members", (room,)))

    def overview(self) -> Sequence[RoomOverview]:
        """See IChat."""
        return [RoomOverview(*each) for each in self._ask("overview", ())]

    def page(self, room: str, before: int | None, limit: int) -> ChatPage:
        """See IChat."""
        messages, *others = self._ask("history", (room, before, limit), self._wait_limit.slot)
        return ChatPage([_message_of(*each) for each in messages], *others)

    def search(self, room: str, text: str, before: int | None = None, limit: int = 20, by: str = "") -> SearchPage:
        """See IChat."""
        words, messages, places = self._ask("search", (room, text, before, limit, by), self._wait_limit.slot)
        return SearchPage(words, [FoundMessage(where, _message_of(*each)) for where, each in messages], places)

    def claim(self, name: str, person: str) -> str:
        """See IChat."""
        return str(self._ask("claim", (name, person)))

    def say(self, room: str, name: str, text: str, key: str | None = None) -> int:
        """See IChat."""
        method = "answer" if is_in_hook() else "say"
        return int(self._ask(method, (room, name, text, key), self._wait_limit.slot))

    def deliver(self, hook: str, room: str, name: str, text: str, delivery: str | None = None) -> int:
        """See IChat."""
        return int(self._ask("deliver", (hook, room, name, text, delivery), self._wait_limit.slot))

    def _ask(self, method: str, arguments: Sequence[object], slot: Slot = nullcontext) -> Any:
        return self._ask_chat(method, arguments, slot)


def _page_as_json(page: ChatPage) -> list[object]:
    others = (page.first, page.last, page.topic, list(page.deleted), page.epoch, page.token, page.is_reset)
    return [[_message_as_json(each) for each in page.messages], *others]


def _found_as_json(page: SearchPage) -> list[object]:
    messages = [(each.room, _message_as_json(each.message)) for each in page.messages]
    return [list(page.words), messages, dict(page.before)]


def _page_as_it_was(page: ChatPage) -> list[object]:
    """Without what was added since: the epoch, the token, and which messages were edited."""
    _, *others = _page_as_json(page)
    return [[_message_as_json(each)[:6] for each in page.messages], *others[:4]]


# A hundred times as fast as dataclasses.astuple, which copies every value.
def _message_as_json(message: ChatMessage) -> tuple[object, ...]:
    head = (message.number, message.name, message.text, message.said_at)
    # Processes of an older version take the time for whether there is one.
    return *head, message.kind, message.is_deleted, message.edited_at or message.is_edited


def _message_of(*fields: Any) -> ChatMessage:
    """The message of such fields; the last one says whether it was edited, or when."""
    number, name, text, said_at, kind, is_deleted, edited = fields
    at = None if isinstance(edited, bool) else edited
    return ChatMessage(number, name, text, said_at, kind, is_deleted, bool(edited), at)


def _rooms_as_json(rooms: Sequence[RoomOverview]) -> list[object]:
    return [(each.room, each.members, each.topic, each.last) for each in rooms]
