"""Flask apps with an event stream and a view that publishes: by mix.hold, and by a generator in a thread for each."""

import queue
from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask, Response

TEXT = "bench" + "x" * 95


def _app(events: Callable[[], Any], publish: Callable[[], object]) -> Flask:
    app = Flask(__name__)

    @app.get("/")
    def hello() -> str:
        return "Hello, world!\n"

    @app.get("/events")
    def stream() -> Any:
        return events()

    @app.post("/publish")
    def published() -> str:
        publish()
        return "published\n"

    return app


def _held() -> Flask:
    """The service holds the clients."""
    from mixsvc import mix

    return _app(lambda: mix.hold("bench"), lambda: mix.publish("bench", TEXT))


def _generators() -> Flask:
    """Each client has a thread, which waits for its queue."""
    queues: dict[queue.SimpleQueue[bytes], None] = {}
    event = f"data: {TEXT}\n\n".encode()

    def blocks() -> Iterator[bytes]:
        own: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        queues[own] = None
        try:
            yield b": \n\n"
            while True:
                yield own.get()
        finally:
            del queues[own]

    def publish() -> None:
        for each in list(queues):
            each.put(event)

    return _app(lambda: Response(blocks(), content_type="text/event-stream"), publish)


def __getattr__(name: str) -> Flask:
    """Each app is made where it is asked for: only one of the servers has mixsvc."""
    if name == "held_app":
        return _held()
    if name == "generator_app":
        return _generators()
    raise AttributeError(name)
