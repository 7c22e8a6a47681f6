"""The services that the protocol's own suite runs against."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from socket import create_server
from urllib.request import urlopen

from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

import txsockjs
from txsockjs.conformance import main, services
from txsockjs.testing import MemoryResponse, MemoryTransport


class ServicesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.site = services(self.clock)

    def request(self, line: str, also: str = "") -> MemoryResponse:
        transport = MemoryTransport(self.site)
        transport.receive(f"{line} HTTP/1.1\r\nHost: localhost\r\n{also}\r\n".encode())
        self.clock.advance(0)
        return MemoryResponse(transport)

    def about(self, name: str) -> dict[str, object]:
        about: dict[str, object] = json.loads(self.request(f"GET /{name}/info").body)
        return about

    def test_echo_sends_back_what_comes(self) -> None:
        self.request("POST /echo/0/s/xhr")
        transport = MemoryTransport(self.site)
        transport.receive(b'POST /echo/0/s/xhr_send HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n["a"]')
        self.clock.advance(0)

        self.assertEqual(self.request("POST /echo/0/s/xhr").body, b'a["a"]\n')

    def test_close_closes_at_once(self) -> None:
        chunks = self.request("POST /close/0/s/xhr_streaming").chunks

        self.assertEqual(chunks[1:], [b"o\n", b'c[3000,"Go away!"]\n', b""])

    def test_one_service_has_no_websockets(self) -> None:
        self.assertIs(self.about("disabled_websocket_echo")["websocket"], False)

    def test_one_service_needs_a_cookie(self) -> None:
        self.assertIs(self.about("cookie_needed_echo")["cookie_needed"], True)

    def test_the_streaming_limit_is_what_the_suite_measures(self) -> None:
        stream = self.request("POST /echo/0/s/xhr_streaming")
        for size in (4000, 100):
            body = json.dumps(["x" * size]).encode()
            head = f"POST /echo/0/s/xhr_send HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
            MemoryTransport(self.site).receive(head.encode() + body)
            self.clock.advance(0)
            self.assertEqual(stream.is_ended, size == 100)

    def test_the_old_websockets_are_answered(self) -> None:
        keys = "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\nSec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n"
        answer = self.request("GET /echo/0/s/websocket", f"Connection: Upgrade\r\nUpgrade: WebSocket\r\n{keys}")

        self.assertEqual(answer.status, 101)


class MainTests(SynchronousTestCase):
    def test_it_says_where_it_listens(self) -> None:
        reactor, out = MemoryReactorClock(), StringIO()
        self.patch(sys, "stdout", out)

        self.assertNoResult(main(reactor, "--port", "8081"))

        self.assertEqual((reactor.tcpServers[0][0], reactor.tcpServers[0][3]), (8081, "127.0.0.1"))
        self.assertEqual(out.getvalue(), "http://0.0.0.0:8081\n")

    def test_a_mistake_is_one_line(self) -> None:
        error = self.assertRaises(SystemExit, main, MemoryReactorClock(), "--port", "many")

        self.assertIn("txsockjs.conformance: ", str(error))

    def test_a_port_in_use_is_one_line(self) -> None:
        words = [sys.executable, "-m", "txsockjs.conformance", "--port"]
        where = {**os.environ, "PYTHONPATH": str(Path(txsockjs.__file__).parents[1])}
        with create_server(("127.0.0.1", 0)) as taken:
            words.append(str(taken.getsockname()[1]))
            done = subprocess.run(words, capture_output=True, env=where, text=True, timeout=30)

        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1))
        self.assertIn("txsockjs.conformance: Couldn't listen on 127.0.0.1:", done.stderr)

    def test_it_runs_as_a_program(self) -> None:
        where = {**os.environ, "PYTHONPATH": str(Path(txsockjs.__file__).parents[1])}
        words = [sys.executable, "-m", "txsockjs.conformance", "--port", "0"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, env=where, text=True) as process:
            assert process.stdout is not None
            with urlopen(process.stdout.readline().strip() + "/echo", timeout=10) as answer:
                self.assertEqual(answer.read(), b"Welcome to SockJS!\n")
            process.terminate()
