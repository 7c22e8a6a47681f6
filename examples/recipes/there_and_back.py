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
    """Say something and wait until it is heard. Blocks, in a thread; queue.Empty when nothing is heard for 10 s."""

    def say() -> Any:
        # In the reactor's thread, where the client lives. The limit is here, as blockingCallFromThread has none.
        return client.say("lobby", "there and back").addTimeout(SECONDS, reactor)

    # To Twisted, and its answer back. Called in the reactor's own thread it would wait for itself for ever.
    number = blockingCallFromThread(reactor, say)
    while True:
        event = heard.get(timeout=SECONDS)
        if isinstance(event, ChatMessage) and event.number == number:
            break
    # To Twisted without an answer. Any other way into it from here would go wrong now and then, and say nothing.
    reactor.callFromThread(client.leave, "lobby")
    return f"{event.name} said {event.text!r}"


async def main(reactor: Any, url: str = "http://127.0.0.1:8080") -> None:
    """What react runs, in the reactor's thread."""
    try:
        client = ChatClient(reactor, url.rstrip("/").replace("http", "ws", 1) + "/chat/websocket", "Traveller")
    except BadUrl as error:
        raise SystemExit(f"there_and_back: {error}") from None
    # The way back for what comes unasked: put never blocks, as this queue has no maximum.
    heard: Queue[RoomEvent] = Queue()
    try:
        await client.start().addTimeout(SECONDS, reactor)
        await client.join("lobby", heard.put).addTimeout(SECONDS, reactor)
        # To blocking code, and its result back.
        print(await deferToThread(conversation, reactor, client, heard))
    except Exception as error:
        raise SystemExit(f"there_and_back: {url}: {client.trouble or type(error).__name__}") from None
    finally:
        await client.stop()


if __name__ == "__main__":
    react(main, sys.argv[1:2])
