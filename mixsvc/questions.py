"""What the service does for the processes of views: it answers their questions, and tells them the rates.

A question is a JSON list of a method, such as chat.say, and its arguments; an answer is bytes, a value or an error by
its name (mixsvc.common.answers). Its way: child/facade.py has the facades of a process (chat/remote.py,
topics/remote.py, rates/remote.py, charts/remote.py, pages/auth/remote.py), wsgi/children/asking.py sends the question
while the view's thread waits, and wsgi/children/asked.py gives it to this module. The latest rates are not asked for:
rates/news.py sends them.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from mixsvc.charts.queue import ChartQueue
from mixsvc.charts.remote import chart_answers
from mixsvc.chat.dispatch import ChatDispatcher
from mixsvc.chat.remote import chat_answers
from mixsvc.common.answers import encode_error, encode_value, error_fields
from mixsvc.common.records import record
from mixsvc.errors import ServiceBusy
from mixsvc.interfaces import DeferToThread
from mixsvc.pages.auth.memory import LoginMemory
from mixsvc.pages.auth.remote import limit_answers, log_out_answers
from mixsvc.rates.news import RateNews
from mixsvc.rates.remote import history_answers
from mixsvc.rates.service import RatesService
from mixsvc.threads.pool import DaemonThreadPool
from mixsvc.topics.remote import topic_answers
from mixsvc.topics.service import TopicsService

__all__ = ["AskedParts", "Questions", "ViewsSupport"]

# Threads that compute answers from the history of the rates, and threads that look for log-outs on the disk.
COMPUTE_THREADS: Final = 2
LOOK_THREADS: Final = 2

Method: TypeAlias = Callable[..., Any]


@record
class AskedParts:
    """The parts of the service that are asked. logins: what all processes that serve the pages remember."""

    chat: ChatDispatcher
    topics: TopicsService
    rates: RatesService
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
            **_named("topics", topic_answers(parts.topics)),
            **_named("limits", limit_answers(parts.logins.limits)),
            **_named("charts", chart_answers(parts.charts)),
            **_named("rates", _in_thread(history_answers(parts.rates.history), compute)),
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


class ViewsSupport:
    """Answers and news for the processes of views, with the threads that this needs. Used in the reactor thread."""

    def __init__(self, reactor: Any, parts: AskedParts, tell_rates: Callable[[bytes], object]) -> None:
        """tell_rates: tells all processes, also those that are started later."""
        self._pools = [
            DaemonThreadPool(reactor, COMPUTE_THREADS, "answer"),
            DaemonThreadPool(reactor, LOOK_THREADS, "log-out"),
        ]
        self._news = RateNews(reactor, parts.rates, tell_rates)
        self.answer = Questions(parts, *(pool.defer for pool in self._pools)).answer

    def start(self) -> None:
        """Start; called when the last known rates have been read."""
        for pool in self._pools:
            pool.start()
        self._news.start()

    def stop(self) -> None:
        """Stop; called when no process asks any more."""
        self._news.stop()
        for pool in self._pools:
            pool.stop()


@record
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
