"""Which way a client is held."""

import pytest

from mixsvc.holds.roads import Road, road_of


@pytest.mark.parametrize(
    ("accept", "road"),
    [
        ("text/event-stream", Road.STREAM),
        ("text/html, text/event-stream", Road.STREAM),
        ("*/*", Road.STREAM),
        ("text/event-stream, application/json;q=0.9", Road.STREAM),
        ("", Road.POLL),
        ("application/json", Road.POLL),
        ("application/json, */*;q=0.5", Road.POLL),
        ("text/html", Road.POLL),
        ("text/event-stream;q=0, */*", Road.POLL),
    ],
)
def test_the_field_accept_chooses_between_stream_and_poll(accept: str, road: Road) -> None:
    assert road_of(accept, "") is road


@pytest.mark.parametrize("upgrade", ["websocket", "WebSocket", "h2c, websocket", "websocket/13"])
def test_a_handshake_is_a_websocket_whatever_it_accepts(upgrade: str) -> None:
    assert road_of("text/event-stream", upgrade) is Road.WEBSOCKET
    assert road_of("text/event-stream", "h2c") is Road.STREAM
