"""Half-valid requests and frames at every URL, in memory: no error is logged, and no session is left."""

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from tests.txsockjs.fakes import App, Apps, Service
from tests.txsockjs.hostile import hostile_bytes
from txsockjs.testing import MemoryTransport

CONNECTIONS = 10_000


class EchoApps(Apps):
    def came(self, app: App, data: bytes) -> None:
        app.transport.write(data)
        if data == b"x":
            app.transport.loseConnection()


class HostileTests(SynchronousTestCase):
    def test_nothing_is_left_of_thousands_of_hostile_connections(self) -> None:
        random = Random(6455)
        service = Service(
            EchoApps(), {"hixie76": True, "deflate": True, "cookie_needed": True, "streaming_limit": 4096}
        )

        for _ in range(CONNECTIONS):
            transport = MemoryTransport(service.site)
            transport.receive(hostile_bytes(random))
            service.clock.advance(random.choice([0, 0, 0, 0.1, 6]))
            transport.lose()
        service.clock.pump([1] * 100)

        # Many of them were valid and opened a session.
        self.assertGreater(len(service.apps.all), CONNECTIONS // 30)
        self.assertEqual(service.resource.numbers().sessions, {})
        self.assertEqual(service.get("/").body, b"Welcome to SockJS!\n")
        self.assertEqual([len(app.reasons) for app in service.apps.all], [1 for _ in service.apps.all])
