"""What a host's process says about its settings."""

from twisted.logger import capturedLogs

from mixsvc.config.settings import ChatSettings, Settings
from mixsvc.embedded.service import warn_of_url


def test_a_url_of_the_chat_without_a_port_for_it_is_warned_of() -> None:
    logged = []
    for listen in ((), ("tcp:8081",)):
        with capturedLogs() as events:
            warn_of_url(Settings(chat=ChatSettings(url="https://example.org/chat", listen=listen)))
        logged.append(len(events))

    assert logged == [1, 0]
