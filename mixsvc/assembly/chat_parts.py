"""The chat of a process, and what goes with it."""

from typing import Any

from mixsvc.chat.service import ChatDependencies, ChatService
from mixsvc.common.records import record
from mixsvc.config.settings import Settings
from mixsvc.holds.holder import ClientHolder, Feeds, HolderDependencies, HoldLimits
from mixsvc.interfaces.holds import RATES, ROOMS, TOPICS
from mixsvc.rates.events import RateEvents
from mixsvc.rates.service import RatesService
from mixsvc.topics.service import TopicsDependencies, TopicsService
from mixsvc.webhooks.service import WebhookDependencies, WebhookService

__all__ = ["ChatParts", "make_chat_parts"]


@record
class ChatParts:
    """What a process serves of the chat. Used in the reactor thread."""

    chat: ChatService
    topics: TopicsService
    holder: ClientHolder
    webhooks: WebhookService


def make_chat_parts(reactor: Any, settings: Settings, given: ChatDependencies, rates: RatesService) -> ChatParts:
    """Builds them; nothing is started. Called in the reactor thread, or before it runs."""
    chat = ChatService(reactor, settings, given)
    waiting = given.bridge, given.wait_limit, given.defer_to_thread
    for_topics = TopicsDependencies(given.database, *waiting, chat.nodes, given.wall, given.look)
    topics = TopicsService(reactor, settings, for_topics)
    feeds: Feeds = {
        TOPICS: topics.topics,
        ROOMS: chat.dispatcher.room_events,
        RATES: RateEvents(reactor, rates),
    }
    around = HolderDependencies(feeds, given.identify, settings.chat.origins)
    for_webhooks = WebhookDependencies(given.database, chat.dispatcher.follow, chat.nodes, given.wall)
    return ChatParts(
        chat,
        topics,
        ClientHolder(reactor, HoldLimits.of(settings.topics), around),
        WebhookService(reactor, settings, for_webhooks),
    )
