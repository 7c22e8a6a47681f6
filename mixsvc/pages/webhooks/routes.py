"""POST /api/hooks/SECRET: an incoming webhook in the form of Slack, and answers as Slack gives them."""

import hashlib
import time
from collections.abc import Mapping
from math import ceil
from typing import Any, Final

from flask import Blueprint, Response, request
from twisted.logger import Logger

from mixsvc.common.addresses import network
from mixsvc.config.hook_file import HookFile, IncomingHook
from mixsvc.config.settings import ChatSettings
from mixsvc.errors import NoSuchRoom, ServiceBusy, TooFast
from mixsvc.interfaces import IMix
from mixsvc.pages.api.problems import RETRY_SECONDS
from mixsvc.pages.api.rooms import chat_of
from mixsvc.pages.auth.throttle import GuessThrottle
from mixsvc.pages.webhooks.body import BadPayload, payload_in

__all__ = ["blueprint"]

# So many wrong secrets of an address cost no wait.
FREE_FAILURES: Final = 20

# Headers in which senders name a delivery, so that a repeated one is known, and how long a name may be.
DELIVERY_HEADERS: Final = ("Idempotency-Key", "webhook-id")
MAX_DELIVERY: Final = 255

_log = Logger("mixsvc.web")


def blueprint(mix: IMix, settings: ChatSettings) -> Blueprint:
    """The route of incoming webhooks."""
    hooks = Blueprint("incoming_webhooks", __name__, url_prefix="/api/hooks")
    receiver = HookReceiver(mix, settings)
    hooks.add_url_rule("/<secret>", "receive", receiver.receive, methods=["POST"])
    return hooks


class HookReceiver:
    """Used in any thread. Each process that serves the pages counts wrong secrets alone: one is 256 random bits."""

    def __init__(self, mix: IMix, settings: ChatSettings) -> None:
        self._mix = mix
        self._max_text = settings.max_text
        self._hooks = HookFile(settings.hooks_file)
        self._throttle = GuessThrottle(time.monotonic, FREE_FAILURES)

    def receive(self, secret: str) -> Response:
        """The view. Whatever fails is answered and logged here, without the path, which has the secret."""
        hook = self._hooks.find(secret)
        if hook is None:
            return self._unknown(request.remote_addr or "")
        try:
            return self._said(hook)
        except BadPayload as bad:
            return _answer(bad.status, bad.word)
        except TooFast as error:
            return _answer(429, "rate_limited", error.seconds)
        except ServiceBusy:
            return _answer(503, "service_unavailable", RETRY_SECONDS)
        except NoSuchRoom:
            return _answer(404, "channel_not_found")
        except ValueError:
            return _answer(400, "invalid_payload")
        except Exception:
            _log.failure("web: the incoming webhook {hook} failed", hook=hook.name)
            return _answer(500, "rollup_error")

    def _said(self, hook: IncomingHook) -> Response:
        payload = payload_in(request)
        text = _text(payload)
        if not text:
            return _answer(400, "no_text")
        if self._mix.chat is None:
            return _answer(503, "service_unavailable", RETRY_SECONDS)
        # Here, in the thread of the first view that reads one.
        from mixsvc.pages.webhooks.slack import author, cut

        said = hook.room, author(payload, hook.name), cut(text, self._max_text)
        chat_of(self._mix).deliver(hook.name, *said, _delivery())
        return _answer(200, "ok")

    def _unknown(self, address: str) -> Response:
        if address:
            # Without addresses all clients would wait because of one.
            wait = self._throttle.wait(key := network(address))
            if wait:
                return _answer(429, "rate_limited", wait)
            self._throttle.begin(key)
        return _answer(404, "no_service")


def _text(payload: Mapping[str, Any]) -> str:
    if not isinstance(payload.get("text", ""), str | None):
        raise BadPayload(400, "invalid_payload")
    from mixsvc.pages.webhooks.slack import message_text

    try:
        return message_text(payload)
    except RecursionError:
        raise BadPayload(400, "invalid_payload") from None


def _delivery() -> str | None:
    """What names this delivery, and has a fixed length; None if the sender names none."""
    given = next((value for name in DELIVERY_HEADERS if (value := request.headers.get(name, "").strip())), "")
    if len(given) > MAX_DELIVERY:
        raise BadPayload(400, "invalid_payload")
    return hashlib.sha256(given.encode("utf-8", "replace")).hexdigest() if given else None


def _answer(status: int, word: str, retry_after: float = 0) -> Response:
    answer = Response(word, status, content_type="text/plain; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    if retry_after:
        answer.headers["Retry-After"] = str(ceil(retry_after))
    return answer
