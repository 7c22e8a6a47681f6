"""Half-valid requests and frames from real sockets, a thousand at a time, against the running service."""

import socket
from contextlib import suppress
from random import Random

from tests.e2e.support.chatter import Chatter
from tests.e2e.support.service import DEADLINE, Service
from tests.e2e.support.urls import get_json
from tests.txsockjs.hostile import hostile_bytes

CONNECTIONS = 2000
AT_ONCE = 100


def test_the_service_goes_on_as_if_nothing_had_been(service: Service) -> None:
    random = Random(2616)
    with Chatter(service.port, "Bystander") as bystander:
        crowd: list[socket.socket] = []
        for _ in range(CONNECTIONS):
            crowd.append(socket.create_connection(("127.0.0.1", service.port), DEADLINE))
            with suppress(OSError):
                crowd[-1].sendall(hostile_bytes(random).replace(b" /echo", random.choice([b" /chat", b" /api", b" "])))
            if len(crowd) == AT_ONCE:
                # Some leave while they are answered, some during their request.
                for connection in random.sample(crowd, AT_ONCE // 2):
                    connection.close()
                    crowd.remove(connection)
        for connection in crowd:
            connection.close()

        number = bystander.say("still here")

        assert bystander.wait_for("message")["number"] == number
    assert get_json(f"{service.url}/api/rates/EUR/USD")["quote"] == "USD"
    assert "Traceback" not in service.log()
    assert "Unhandled" not in service.log()
