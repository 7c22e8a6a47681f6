"""The charts of a service: their queue, and what views see of it."""

from typing import Any

from mixsvc.charts.pool import ChartProcessPool
from mixsvc.charts.queue import ChartLimits, ChartQueue, ChartsFacade
from mixsvc.config.settings import Settings
from mixsvc.interfaces import DeferToThread
from mixsvc.threads.bridge import Bridge

__all__ = ["make_charts"]


def make_charts(reactor: Any, settings: Settings, defer_to_thread: DeferToThread) -> tuple[ChartQueue, ChartsFacade]:
    """A queue, and the facade for views, which wait for their charts. No process starts before the first chart."""
    seconds, processes, threads = settings.rates.chart_timeout, settings.rates.chart_processes, settings.web.threads
    # A view waits for its chart in its thread, so a quarter of the threads is kept for other requests.
    limits = ChartLimits(processes, max(1, threads - max(1, threads // 4)), seconds)
    pool = ChartProcessPool(reactor, processes, seconds, defer_to_thread)
    queue = ChartQueue(reactor, pool, limits)
    return queue, ChartsFacade(Bridge(reactor, seconds), queue)
