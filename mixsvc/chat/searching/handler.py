"""Answers search."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from twisted.internet.defer import Deferred, gatherResults
from twisted.python.failure import Failure

from mixsvc.chat.handlers.state import ChatState, begin_waiting, end_waiting
from mixsvc.chat.model.people import Client
from mixsvc.chat.protocol import events
from mixsvc.chat.protocol.parsing import refusal
from mixsvc.chat.protocol.requests import Search
from mixsvc.chat.searching.searcher import Searcher, words_of
from mixsvc.errors import NoSuchRoom
from mixsvc.interfaces import SearchPage

__all__ = ["SearchHandler"]

# How many answers to searches one client may wait for.
MOST_SEARCHES: Final = 2


class SearchHandler:
    """Answers search, and searches for views. Used in the reactor thread only."""

    def __init__(self, state: ChatState) -> None:
        self._state = state
        self._searcher = Searcher(state.clock, state.storage)

    def search(self, client: Client, request: Search) -> "Deferred[None] | None":
        """Search in one room, in which the client may, or in those that it is in; fires when it is known in which.

        Raises RequestRefused, or fails so.
        """
        try:
            words = words_of(request.text)
        except ValueError as bad:
            raise refusal(request, "bad_text", str(bad)) from None
        if request.room is not None:
            if not self._state.rooms.exists(request.room):
                raise refusal(request, "no_such_room", "There is no room of this name; ask for the list of rooms.")
            self._begin(client, request, words, [request.room])
            return None
        rooms = sorted(client.inside)
        if self._state.access.is_open:
            self._begin(client, request, words, rooms)
            return None
        person = client.identified
        asking = gatherResults([self._state.access.ask(person, "search", room) for room in rooms])
        return asking.addCallback(self._permitted, client, request, words, rooms)

    def page(self, room: str, text: str, before: int | None, limit: int) -> "Deferred[SearchPage]":
        """Search in a room for somebody without a connection. Raises NoSuchRoom, ValueError; fails with NotRead."""
        words = words_of(text)
        if not self._state.rooms.exists(room):
            raise NoSuchRoom(f"There is no room {room!r}.")
        return Deferred.fromCoroutine(self._searcher.search(words, {room: before}, limit))

    def _permitted(
        self,
        answers: Sequence[bool | None],
        client: Client,
        request: Search,
        words: Sequence[str],
        rooms: Sequence[str],
    ) -> None:
        if None in answers:
            text = "It cannot be found out now where you may search; try again a little later."
            raise refusal(request, "busy", text)
        self._begin(client, request, words, [room for room, may in zip(rooms, answers, strict=True) if may])

    def _begin(self, client: Client, request: Search, words: Sequence[str], rooms: Sequence[str]) -> None:
        begin_waiting(client, request, "busy", MOST_SEARCHES)
        client.reading[id(request)] = request
        before: Mapping[str, int | None] = dict.fromkeys(rooms)
        if request.before is not None:
            before = {room: number for room, number in request.before if room in before}
        searching = Deferred.fromCoroutine(self._searcher.search(words, before, request.limit))
        searching.addCallbacks(self._found, self._not_found, (client, request), errbackArgs=(client, request))

    def _found(self, page: SearchPage, client: Client, request: Search) -> None:
        end_waiting(client)
        if client.reading.pop(id(request), None) is None:
            return
        if request.room is None:
            # It may have left some, or been taken out.
            messages = [each for each in page.messages if each.room in client.inside]
            before = {room: number for room, number in page.before.items() if room in client.inside}
            page = replace(page, messages=messages, before=before)
        client.send(events.found(page, request.text, request.key))

    def _not_found(self, failure: Failure, client: Client, request: Search) -> None:
        end_waiting(client)
        if client.reading.pop(id(request), None) is not None:
            text = "The messages cannot be searched now; try again a little later."
            self._state.refuse(client, refusal(request, "busy", text))
