"""What the tests of endpoints have in common."""

from twisted.trial.unittest import SynchronousTestCase

from tests.txsockjs.fakes import Service
from txsockjs.testing import MemoryResponse

__all__ = ["FORM", "JAVASCRIPT", "ReceiveCase", "SendCase"]

JAVASCRIPT = "application/javascript; charset=UTF-8"
FORM = "application/x-www-form-urlencoded"


class ReceiveCase(SynchronousTestCase):
    options: dict[str, object] = {"streaming_limit": 4096}

    def setUp(self) -> None:
        self.service = Service(options=self.options)

    def write(self, *texts: str) -> None:
        for text in texts:
            self.service.apps.last.transport.write(text)
        self.service.flush()


class SendCase(SynchronousTestCase):
    options: dict[str, object] = {}

    def setUp(self) -> None:
        self.service = Service(options=self.options)
        self.service.post("/0/s/xhr")

    @property
    def messages(self) -> list[bytes]:
        return self.service.apps.last.messages

    def send(self, body: bytes, **headers: str) -> MemoryResponse:
        return self.service.post("/0/s/xhr_send", body, **headers)

    def form(self, body: bytes, kind: str = FORM) -> MemoryResponse:
        return self.service.post("/0/s/jsonp_send", body, Content_Type=kind)
