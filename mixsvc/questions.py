"""What a view's process may ask the service: methods by name, and their answers as bytes (mixsvc.common.answers).

A question is a JSON list of a method, such as chat.say, and its arguments. `mixsvc.child.facade` asks them.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.charts.queue import ChartQueue
from mixsvc.charts.remote import chart_answers
from mixsvc.chat.dispatch import ChatDispatcher
from mixsvc.chat.remote import chat_answers
from mixsvc.common.answers import encode_error, encode_value, error_fields
from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import DeferToThread
from mixsvc.pages.auth.memory import LoginMemory
from mixsvc.pages.auth.remote import limit_answers, log_out_answers
from mixsvc.rates.history.history import RateHistory
from mixsvc.rates.remote import history_answers

__all__ = ["AskedParts", "Questions"]

Method: TypeAlias = Callable[..., Any]


@dataclass(frozen=True)
class AskedParts:
    """The parts of the service that are asked. logins: what all processes that serve the pages remember."""

    chat: ChatDispatcher
    history: RateHistory
    charts: ChartQueue
    logins: LoginMemory


class Questions:
    """Answers the questions of views' processes. Used in the reactor thread."""

    _log: Final = Logger()

    def __init__(self, parts: AskedParts, compute: DeferToThread, look: DeferToThread) -> None:
        """compute: runs in a thread what takes milliseconds. look: runs what waits for a disk.

        Both are for these questions alone: what else hangs or is slow must not delay them.
        """
        self._methods: dict[str, Method] = {
            **_named("chat", chat_answers(parts.chat)),
            **_named("limits", limit_answers(parts.logins.limits)),
            **_named("charts", chart_answers(parts.charts, compute)),
            **_named("rates", _in_thread(history_answers(parts.history), compute)),
            **_named("logouts", _in_thread(log_out_answers(parts.logins.log_outs), look)),
        }

    def answer(self, payload: bytes) -> "Deferred[bytes]":
        """Fires with the answer to a question; does not fail."""
        try:
            method, arguments = json.loads(payload)
            answering: Deferred[Any] = maybeDeferred(self._methods[method], *arguments)
        except Exception:
            return succeed(self._error(Failure()))
        return answering.addCallback(_encoded).addErrback(self._error)

    def _error(self, failure: Failure) -> bytes:
        error = failure.value
        if error is not None and error_fields(error) is not None:
            return encode_error(error)
        self._log.failure("mixsvc: a question of a view's process failed", failure)
        return encode_error(ServiceBusy("the service failed; its log says why"))


@dataclass(frozen=True)
class _Encoded:
    """An answer that a thread has encoded, as the reactor thread has more to do."""

    answer: bytes


def _encoded(value: Any) -> bytes:
    return value.answer if isinstance(value, _Encoded) else encode_value(value)


def _named(part: str, methods: Mapping[str, Method]) -> dict[str, Method]:
    return {f"{part}.{name}": method for name, method in methods.items()}


def _in_thread(methods: Mapping[str, Method], defer_to_thread: DeferToThread) -> dict[str, Method]:
    def threaded(method: Method) -> Method:
        return lambda *arguments: defer_to_thread(lambda: _Encoded(encode_value(method(*arguments))))

    return {name: threaded(method) for name, method in methods.items()}
