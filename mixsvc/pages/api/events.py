"""Rooms and rates as event streams: what a browser's EventSource, or curl -N, needs no library for."""

import time
from typing import Final

from flask import Blueprint

from mixsvc.answers import rate_errors
from mixsvc.answers.rate_query import RateQuery, parameters
from mixsvc.errors import NoSuchRoom
from mixsvc.holds.response import HeldResponse
from mixsvc.interfaces import IMix
from mixsvc.interfaces.holds import RATES, ROOMS, Hold, topic_of_pair
from mixsvc.pages.api.answering import asked
from mixsvc.pages.api.json_body import refuse
from mixsvc.pages.api.rooms import ChatAccess, chat_of, check_length

__all__ = ["blueprint"]

# A stream of a room ends after so many seconds, and its client comes back: it may have lost its permission meanwhile.
ASK_AGAIN_SECONDS: Final = 60.0


def blueprint(mix: IMix, access: ChatAccess) -> Blueprint:
    """The routes whose views leave their clients to the service (docs/reference/events.md)."""
    api = Blueprint("streams", __name__, url_prefix="/api")

    # Flask tells WebSockets and other requests apart by their rules.
    @api.get("/rooms/<room>/events")
    @api.route("/rooms/<room>/events", websocket=True)
    def room_events(room: str) -> HeldResponse:
        return _of_room(mix, room, access)

    @api.get("/rates/events")
    @api.route("/rates/events", websocket=True)
    def rate_events() -> HeldResponse:
        return _of_rates(mix)

    return api


def _of_room(mix: IMix, room: str, access: ChatAccess) -> HeldResponse:
    chat = chat_of(mix)
    # Whoever is kept out from here on may be so before the service has the client.
    decided = time.time()
    access.check_reader()
    check_length(room)
    access.check(chat, "history", room)
    try:
        chat.page(room, None, 1)
    except NoSuchRoom as error:
        refuse(404, str(error))
    return HeldResponse(Hold(ROOMS, (room,), again_after=ASK_AGAIN_SECONDS, decided=decided), {}, mix.elsewhere)


def _of_rates(mix: IMix) -> HeldResponse:
    given = parameters("rate_events", asked().query)
    queries = RateQuery.of_pairs(mix.rates, given, mix.pairs)
    # What the settings show may still be without a quote; a client that names a pair has perhaps misspelled it.
    for query in queries if given.one("pairs") is not None else ():
        if mix.rates.latest(*query.pair) is None:
            rate_errors.no_quote(query, None)
    return HeldResponse(Hold(RATES, tuple(topic_of_pair(*query.pair) for query in queries)), {}, mix.elsewhere)
