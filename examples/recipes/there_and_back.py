"""Blocking code calls Twisted, and Twisted calls blocking code: a talk in the chat, written as a plain function.

python there_and_back.py [URL]
"""

import sys
from queue import Queue
from typing import Any

from twisted.internet.task import react
from twisted.internet.threads import blockingCallFromThread, deferToThread

from mixsvc.client import BadUrl, ChatClient, ChatMessage, RoomEvent

SECONDS = 10


def conversation(reactor: Any, client: ChatClient, heard: "Queue[RoomEvent]") -> str:
    """Say something and wait until it comes back; for a thread. Raises queue.Empty after 10 s without an event."""

    def say() -> Any:
        # Runs in the reactor's thread, where the client belongs. blockingCallFromThread has no limit, so it is here.
        return client.say("lobby", "there and back").addTimeout(SECONDS, reactor)

    # Calls Twisted and waits for the result. In the reactor's own thread it would wait for itself for ever.
    number = blockingCallFromThread(reactor, say)
    while True:
        event = heard.get(timeout=SECONDS)
        if isinstance(event, ChatMessage) and event.number == number:
            break
    # Calls Twisted without waiting. Any other call from this thread would fail now and then, without an error.
    reactor.callFromThread(client.leave, "lobby")
    return f"{event.name} said {event.text!r}"


async def main(reactor: Any, url: str = "http://127.0.0.1:8080") -> None:
    """Run by react, in the reactor's thread."""
    try:
        client = ChatClient(reactor, url.rstrip("/").replace("http", "ws", 1) + "/chat/websocket", "Traveller")
    except BadUrl as error:
        raise SystemExit(f"there_and_back: {error}") from None
    # Carries events to the thread. put never blocks, as this queue has no maximum.
    heard: Queue[RoomEvent] = Queue()
    try:
        await client.start().addTimeout(SECONDS, reactor)
        await client.join("lobby", heard.put).addTimeout(SECONDS, reactor)
        # Runs the blocking code in a thread, and returns its result.
        print(await deferToThread(conversation, reactor, client, heard))
    except Exception as error:
        raise SystemExit(f"there_and_back: {url}: {client.trouble or type(error).__name__}") from None
    finally:
        await client.stop()


if __name__ == "__main__":
    react(main, sys.argv[1:2])
