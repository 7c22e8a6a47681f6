"""What incoming webhooks write: at a limited rate, marked as theirs, and a repeated delivery once."""

from collections.abc import Callable
from typing import Final, TypeAlias

from twisted.internet.defer import Deferred

from mixsvc.chat.handlers.messages import Post
from mixsvc.chat.handlers.state import ChatState
from mixsvc.chat.protocol.parsing import LONGEST_KEY
from mixsvc.chat.storage.records import HOOK, StoredMessage
from mixsvc.common import names
from mixsvc.common.token_bucket import BucketTable
from mixsvc.config.settings import ChatSettings
from mixsvc.errors import TooFast

__all__ = ["HookPosts"]

# How many webhooks are remembered; more can come only while the file that names them changes.
MOST_HOOKS: Final = 10_000

PostMessage: TypeAlias = Callable[[Post], "Deferred[StoredMessage]"]


class HookPosts:
    """Used in the reactor thread only."""

    def __init__(self, state: ChatState, post: PostMessage) -> None:
        self._clock = state.clock
        self._post = post
        self._buckets = BucketTable(state.settings.hook_rate, state.settings.hook_burst, MOST_HOOKS)

    def reload(self, settings: ChatSettings) -> None:
        """Take another rate."""
        self._buckets.change(settings.hook_rate, settings.hook_burst)

    def deliver(
        self, hook: str, room: str, name: str, text: str, delivery: str | None = None
    ) -> "Deferred[StoredMessage]":
        """Post what a webhook says; fires once it is stored and broadcast.

        Raises TooFast, and ValueError for a room, name or text that is refused. Fails with NotSaved.
        """
        if not names.is_hook_name(name):
            raise ValueError(f"A webhook writes under a name that ends with{names.HOOK_MARK}.")
        now = self._clock.seconds()
        wait = self._buckets.of(now, hook).take(now)
        if wait:
            raise TooFast(f"the webhook {hook} sends too much", wait)
        # A key that no client can choose, as it is longer than theirs may be.
        key = None if delivery is None else f"{'!' * LONGEST_KEY}{hook}!{delivery}"
        return self._post(Post(room, name, text, key, HOOK))
