"""The chat: messages and rooms as views see them, and the chat itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from zope.interface import Attribute, Interface

from mixsvc.common.records import record
from mixsvc.common.times import utc_milliseconds

__all__ = ["ChatMessage", "ChatPage", "FoundMessage", "IChat", "RoomOverview", "SearchPage"]


@record
class ChatMessage:
    """A message in a room.

    number: its place in the room, from 1 on. said_at: seconds since 1970, UTC.
    kind: "" for an ordinary message, else "action", "topic", "answer" or "hook" (docs/reference/chat-protocol.md).
    is_deleted: a moderator or the author deleted the text; the number stays. is_edited: the author has changed it.
    edited_at: when that was last, as said_at; None where that is not known, and of a message that was not edited.
    """

    number: int
    name: str
    text: str
    said_at: float
    kind: str = ""
    is_deleted: bool = False
    is_edited: bool = False
    edited_at: float | None = None

    def without_text(self) -> "ChatMessage":
        """The same after it was deleted."""
        return replace(self, text="", is_deleted=True, is_edited=False, edited_at=None)

    def with_text(self, text: str, at: float | None) -> "ChatMessage":
        """The same after it was edited. at: when, as edited_at."""
        return replace(self, text=text, is_edited=True, edited_at=at)

    def as_json(self) -> dict[str, object]:
        """The JSON object of the chat protocol and of the HTTP API."""
        fields: dict[str, object] = {
            "number": self.number,
            "name": self.name,
            "text": self.text,
            "time": utc_milliseconds(self.said_at),
        }
        if self.kind:
            fields["kind"] = self.kind
        if self.is_deleted:
            fields["deleted"] = True
        if self.is_edited:
            fields["edited"] = True
            if self.edited_at is not None:
                fields["edited_at"] = utc_milliseconds(self.edited_at)
        return fields


@record
class ChatPage:
    """Messages of a room, the oldest first, and which numbers the room still keeps.

    last: the number of the newest message, 0 if there never was one. first: the lowest number that is kept, last + 1
    if none is. deleted: the numbers of deleted messages, outside this page, that the reader may still show.
    epoch: names the history; numbers of another epoch mean other messages. token: tells the message `last` from others
    that had its number. is_reset: the reader has seen another history, and the page begins this one. edited: messages
    outside this page, as they are now, that the reader may still show as they were before.
    """

    messages: Sequence[ChatMessage]
    first: int
    last: int
    topic: str = ""
    deleted: Sequence[int] = ()
    epoch: str = ""
    token: str = ""
    is_reset: bool = False
    edited: Sequence[ChatMessage] = ()


@record
class FoundMessage:
    """A message that search has found, and its room."""

    room: str
    message: ChatMessage

    def as_json(self) -> dict[str, object]:
        """The JSON object of the chat protocol and of the HTTP API."""
        return {"room": self.room, **self.message.as_json()}


@record
class SearchPage:
    """Messages that search has found, the newest first.

    words: the words of the query as texts were compared with them. before: where the next search goes on: the rooms in
    which there may be more, each with the number below which that is; empty if everything was searched.
    """

    words: Sequence[str]
    messages: Sequence[FoundMessage]
    before: Mapping[str, int]


@record
class RoomOverview:
    """A room in a list of rooms. members: how many persons are inside. last: the number of its newest message."""

    room: str
    members: int
    topic: str
    last: int


class IChat(Interface):
    """The chat for the other parts of the process. Methods that read a snapshot may be called in any thread."""

    prefix: str = Attribute("The path of the SockJS endpoint, such as /chat.")
    asks_permission: bool = Attribute(
        "Whether `allows` may say no: some rooms are private, or the application has registered a function by `may`."
    )

    def on_message(function: Any = None, /, *, name: str = "") -> Any:
        """Registers function(message), which is called with a RoomMessage for each message that is said from now on.

        A decorator, also as on_message(name="Bot"). It is called in a thread, once for each message after that was
        stored, those of a room one after the other. It may block: nothing waits for it. If it returns a text, the chat
        says it in the room as an answer, under the given name ("mixsvc" without one); RoomMessage.answer says more.
        Answers are not given to functions. An exception is logged. If 1000 messages wait, more are lost for the
        functions, and the log counts them.

        Called in any thread, also while the application is imported: then in every host, and nothing is started.
        Raises TypeError for a coroutine function, and for one that does not take one argument.
        """

    def may(function: Callable[[str | None, str, str | None], bool], /) -> Any:
        """Registers function(person, action, room), which says whether somebody may do something. A decorator.

        person: Identity.person, None for a stranger. action: "join", "say", "history", "search" or "moderate"; "events"
        is kept for later. room: None for what concerns all rooms. It returns True or False; everything else,
        an exception, and no answer within 4 s are a refusal, and logged. It is called in a thread and may block, which
        delays the requests of this person only. An answer counts for 10 s, or until `revoke`. If several functions are
        registered, all have to say True. Called as `on_message`; raises TypeError likewise.
        """

    def revoke(person: str | None, room: str) -> None:
        """Ask anew what a person may do in a room, and take the person out of it at once if `join` is not allowed.

        When it returns, the person gets nothing more of the room: neither lines that waited nor pages that were asked
        for. Called in a worker thread, never in the reactor's. Raises ServiceBusy; then it may or may not have taken
        effect. Raises ValueError for a text with U+0000 or half a surrogate pair.
        """

    def log_out(person: str) -> None:
        """End the connections of a person who has logged out, on all nodes: they get `logged_out`, and close code 4001.

        person: Identity.person, or what a token was signed for. Tokens that were signed before are refused from now on,
        until the service restarts. Called in a worker thread, never in the reactor's. Raises ServiceBusy; then it may
        or may not have taken effect. Raises ValueError for an empty text, U+0000 and half a surrogate pair.
        """

    def look_at_logins() -> None:
        """Ask `ended` of each Identity that has one now, and not only within the second.

        When it returns, connections whose login had ended before this call do nothing more, in the process that
        answers it: all of them are there, unless there are several nodes. Whoever was still being identified is
        closed moments after that. Called in a worker thread, never in the reactor's. Raises ServiceBusy, also
        if `ended` of anybody fails: then they end as soon as one of the looks of each second can find it out.
        """

    def allows(person: str | None, action: str, room: str | None) -> bool:
        """Returns what `may` says, or said less than 10 s ago; True if none is registered and the room is not private.

        False for a person who is banned. In a private room every action needs "join" besides, and "search" needs
        "history" everywhere. Called in a worker thread, never in the reactor's. Raises ServiceBusy if that cannot be
        found out now, and ValueError for an unknown action.
        """

    def seen_by(person: str | None) -> Sequence[RoomOverview]:
        """Returns the rooms that a person may see: those that are not private, and private ones that it may join.

        Called in a worker thread, never in the reactor's. Raises ServiceBusy.
        """

    def rooms() -> Sequence[str]:
        """Returns the names of the rooms that are not private: a snapshot.

        Where another process serves the chat (a view in [web] processes, or another host), this and the next two wait
        for its answer for some milliseconds, and raise ServiceBusy if there is none in time.
        """

    def members(room: str) -> Sequence[str]:
        """Returns the names of the persons in a room, sorted: a snapshot. Empty if there is none, or it is private."""

    def overview() -> Sequence[RoomOverview]:
        """Returns the rooms that are not private, those of the settings first: a snapshot."""

    def page(room: str, before: int | None, limit: int) -> ChatPage:
        """Returns the newest `limit` (1 to 200) messages of a room, or the newest with numbers below `before`.

        Called in a worker thread, never in the reactor's. Raises NoSuchRoom and ServiceBusy.
        """

    def search(room: str, text: str, before: int | None = None, limit: int = 20, by: str = "") -> SearchPage:
        """Returns the newest `limit` (1 to 50) messages of a room that have all words of a text, whatever their case.

        before: only those with lower numbers. A search ends after a second or so; SearchPage.before says where the next
        one goes on, if there may be more. by: a person, or an address; it may search [chat] searches times in a minute.
        "": no limit. Called in a worker thread, never in the reactor's. Raises NoSuchRoom; ValueError for a text
        without words, or with U+0000; TooFast; ServiceBusy. Does not ask `may`.
        """

    def claim(name: str, person: str) -> str:
        """Returns the normal spelling of a name that this person may use now, as nobody else does.

        Called in a worker thread, never in the reactor's. Raises NameTaken, ServiceBusy, and ValueError if the text
        cannot be a name, or the person has U+0000 or half a surrogate pair.
        """

    def say(room: str, name: str, text: str, key: str | None = None) -> int:
        """Sends a text to a room under a name, and returns the number of the message once it is stored.

        Called in a worker thread, never in the reactor's. Raises ValueError if the chat refuses the room, the name
        or the text, and ServiceBusy if the reactor does not answer in time or the message cannot be stored now. The
        caller decides who may use the name; the chat does not check that. key: the chat stores the same text with the
        same key once. Neither this nor `page` asks `may`.
        """

    def deliver(hook: str, room: str, name: str, text: str, delivery: str | None = None) -> int:
        """Sends what an incoming webhook writes, and returns the number of the message once it is stored.

        hook: the webhook; each has a rate. name: ends as names.hook_name returns it. delivery: the chat stores the same
        text with the same delivery of a webhook once. The message is of the kind `hook`. Called and raises as `say`,
        and raises TooFast if the webhook sends too much.
        """
