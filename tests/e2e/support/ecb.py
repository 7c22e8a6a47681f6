"""The European Central Bank's rates on the loopback: an HTTP server whose answer a test may change at any time."""

from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Final, Self

__all__ = ["RATES_XML", "Answer", "Ecb"]

RATES_XML: Final = b"""<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
  <gesmes:subject>Reference rates</gesmes:subject>
  <gesmes:Sender><gesmes:name>European Central Bank</gesmes:name></gesmes:Sender>
  <Cube>
    <Cube time="2026-11-20">
      <Cube currency="USD" rate="1.1172"/>
      <Cube currency="JPY" rate="171.05"/>
      <Cube currency="GBP" rate="0.8731"/>
      <Cube currency="CHF" rate="0.9312"/>
    </Cube>
  </Cube>
</gesmes:Envelope>
"""


@dataclass(frozen=True)
class Answer:
    """The server's response to every request, `delay` seconds after the request."""

    status: int = 200
    body: bytes = RATES_XML
    delay: float = 0.0
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/xml"),)


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    path: str
    headers: dict[str, str] = field(default_factory=dict)


class Ecb:
    """Serves from construction until close(); also a context manager. Every method may be called in any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._answer = Answer()
        self._requests: list[Request] = []
        self._closing = Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """For [rates] ecb_url."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/eurofxref-daily.xml"

    @property
    def requests(self) -> list[Request]:
        """Every request so far, the oldest first."""
        with self._lock:
            return list(self._requests)

    def answer(self, **changes: Any) -> None:
        """From now on answer with an Answer() with these fields changed; without fields, with the valid one again."""
        with self._lock:
            self._answer = replace(Answer(), **changes)

    def taken(self, request: Request) -> Answer:
        """Note a request; what to answer, once its delay is over."""
        with self._lock:
            self._requests.append(request)
            answer = self._answer
        self._closing.wait(answer.delay)
        return answer

    def close(self) -> None:
        """Stop serving; answers that are delayed come at once."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _handler(ecb: Ecb) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = ecb.taken(Request(self.path, dict(self.headers)))
            try:
                self.send_response(answer.status)
                for name, value in (*answer.headers, ("Content-Length", str(len(answer.body)))):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)
            except OSError:
                # The client has stopped waiting.
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Does nothing: the tests read the requests."""

    return Handler
