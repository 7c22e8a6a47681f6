"""Webhooks in and out of the real service: a receiver that fails, kill -9, and what arrives in the end."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Condition, Thread
from urllib.request import Request, urlopen

from standardwebhooks import Webhook

from tests.e2e.support.service import DEADLINE, Launch, Service


class Receiver:
    """Another service: it answers 500 until it `works`, and verifies what comes."""

    def __init__(self) -> None:
        self.secret = ""
        self.works = False
        self.texts: list[str] = []
        self.failed = 0
        self.news = Condition()

    def answer(self, headers: dict[str, str], body: bytes) -> int:
        payload = Webhook(self.secret).verify(body, headers)
        with self.news:
            if self.works:
                self.texts.append(payload["data"]["text"])
            else:
                self.failed += 1
            self.news.notify_all()
        return 204 if self.works else 500

    def wait(self, failed: int = 0, text: str | None = None) -> None:
        """Wait until so many requests have failed, and a text has come."""
        with self.news:
            done = self.news.wait_for(lambda: self.failed >= failed and (text is None or text in self.texts), DEADLINE)
        assert done, (self.failed, self.texts)


@contextmanager
def serving(receiver: Receiver) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(receiver.answer(dict(self.headers.items()), body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


def run(launch: Launch, *words: str) -> str:
    """What `mixsvc webhook` prints."""
    command = [str(launch.programs / "mixsvc"), "webhook", *words, "--config", "mixsvc.ini"]
    ended = subprocess.run(
        command, cwd=launch.folder, env=launch.environment(), capture_output=True, text=True, timeout=DEADLINE
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def post(url: str, text: str) -> None:
    """Write by an incoming webhook."""
    body = json.dumps({"text": text}).encode()
    with urlopen(Request(url, body, {"Content-Type": "application/json"}), timeout=DEADLINE) as answer:
        assert answer.read() == b"ok"


def test_what_was_acknowledged_reaches_a_receiver_that_fails_whatever_is_killed(launch: Launch) -> None:
    receiver = Receiver()
    with serving(receiver) as port, ExitStack() as stack:
        outgoing = f"crm http://127.0.0.1:{port}/in?token=t0ken events=message,hook"
        launch = launch.having(webhooks={"outgoing": outgoing})
        launch.command()
        receiver.secret = run(launch, "secret", "crm")
        path = run(launch, "add", "ci", "lobby")

        service = stack.enter_context(Service(launch))
        post(service.url + path, "one")
        receiver.wait(failed=1)
        post(service.url + path, "two")
        service.kill()
        logs = service.log()
        receiver.works = True
        service = stack.enter_context(Service(replace(launch, options=("--port", "0"))))
        post(service.url + path, "three")
        receiver.wait(text="three")
        assert list(dict.fromkeys(receiver.texts)) == ["one", "two", "three"]
        assert service.stop() == -15

        logs += service.log()
        assert "webhooks: crm has failed: it answered 500" in logs
        for secret in (path.rpartition("/")[2], receiver.secret.removeprefix("whsec_"), "t0ken", "Traceback"):
            assert secret not in logs
