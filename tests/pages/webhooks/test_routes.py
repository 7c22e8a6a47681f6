"""POST /api/hooks/SECRET, as senders to Slack use it."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from twisted.logger import capturedLogs, eventAsText
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

from mixsvc.config.hook_file import add_hook, remove_hook
from mixsvc.config.settings import ChatSettings, Settings, WebSettings
from mixsvc.errors import NoSuchRoom, ServiceBusy, TooFast
from mixsvc.pages.app import create_app
from mixsvc.pages.webhooks.body import MAX_BYTES
from tests.pages.fakes import FakeChat, FakeMix

PART = b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n\r\n'


class Sender:
    """A webhook `ci` for the room lobby, and who has its secret."""

    def __init__(self, file: Path) -> None:
        self.file = str(file)
        self.chat = FakeChat()
        self.secret = add_hook(self.file, "ci", "lobby")
        settings = Settings(chat=ChatSettings(hooks_file=self.file, max_text=50))
        self.client = create_app(FakeMix(chat=self.chat), settings).test_client()

    def post(self, body: object = None, secret: str = "", **more: Any) -> TestResponse:
        content = {"json": body} if body is not None else {}
        return self.client.post(f"/api/hooks/{secret or self.secret}", **content, **more)

    def said(self) -> list[tuple[str, str, str]]:
        return [(room, name, text) for room, name, text, _ in self.chat.said]


@pytest.fixture
def sender(tmp_path: Path) -> Sender:
    return Sender(tmp_path / "webhooks")


def answered(answer: TestResponse) -> tuple[int, str, str | None]:
    return answer.status_code, answer.text, answer.mimetype


def test_what_slack_accepts_is_said_in_the_room_of_the_webhook(sender: Sender) -> None:
    answer = sender.post({"text": "*done*", "username": "Build", "channel": "#other", "icon_emoji": ":x:"})

    assert answered(answer) == (200, "ok", "text/plain")
    assert sender.said() == [("lobby", "Build (hook)", "**done**")]


@pytest.mark.parametrize(
    "request_",
    [
        {"data": '{"text": "hi"}', "content_type": "application/json; charset=utf-8"},
        {"data": '\ufeff{"text": "hi"}'.encode(), "content_type": "text/plain"},
        {"data": '{"text": "hi"}'},
        {"data": '{"text": "hi"}', "content_type": "application/x-www-form-urlencoded"},
        {"data": {"payload": '{"text": "hi"}'}, "content_type": "application/x-www-form-urlencoded"},
        {"data": 'payload={"text": "hi"}', "content_type": "application/x-www-form-urlencoded"},
        {"data": {"payload": '{"text": "hi"}'}, "content_type": "multipart/form-data"},
        {"json": {"text": "hi"}, "headers": {"Origin": "https://other.example"}},
    ],
)
def test_every_form_in_which_senders_send_it_is_read(sender: Sender, request_: dict[str, Any]) -> None:
    assert answered(sender.post(**request_)) == (200, "ok", "text/plain")
    assert sender.said() == [("lobby", "ci (hook)", "hi")]


@pytest.mark.parametrize(
    ("request_", "status", "word"),
    [
        ({"data": "hi"}, 400, "invalid_payload"),
        ({"data": b"\xff"}, 400, "invalid_payload"),
        ({"data": ""}, 400, "invalid_payload"),
        ({"json": ["hi"]}, 400, "invalid_payload"),
        ({"json": {"text": 5}}, 400, "invalid_payload"),
        ({"data": "[" * 100_000}, 400, "invalid_payload"),
        ({"data": urlencode({"x": "1"}), "content_type": "application/x-www-form-urlencoded"}, 400, "invalid_payload"),
        ({"json": {}}, 400, "no_text"),
        ({"json": {"text": " "}}, 400, "no_text"),
        ({"data": b" " * (MAX_BYTES + 1)}, 413, "payload_too_large"),
        (
            {"data": PART * 1001 + b"--x--\r\n", "content_type": "multipart/form-data; boundary=x"},
            413,
            "payload_too_large",
        ),
        ({"json": {"text": "x"}, "headers": {"Idempotency-Key": "k" * 256}}, 400, "invalid_payload"),
    ],
)
def test_what_slack_refuses_is_refused_in_its_words(
    sender: Sender, request_: dict[str, Any], status: int, word: str
) -> None:
    assert answered(sender.post(**request_)) == (status, word, "text/plain")
    assert sender.said() == []


def test_a_body_that_the_host_does_not_take_is_refused_as_any_that_is_too_large(sender: Sender) -> None:
    settings = Settings(chat=ChatSettings(hooks_file=sender.file), web=WebSettings(max_body=10))
    client = create_app(FakeMix(chat=sender.chat), settings).test_client()

    with capturedLogs() as logs:
        answer = client.post(f"/api/hooks/{sender.secret}", json={"text": "longer"})

    assert (answered(answer), logs) == ((413, "payload_too_large", "text/plain"), [])


def test_a_sender_that_leaves_in_the_middle_of_its_body_is_no_failure_of_ours(sender: Sender) -> None:
    environ = EnvironBuilder(f"/api/hooks/{sender.secret}", method="POST", data=b'{"text":').get_environ()

    with capturedLogs() as logs:
        _, status, _ = run_wsgi_app(sender.client.application, {**environ, "CONTENT_LENGTH": "500"})

    assert (status, logs) == ("400 BAD REQUEST", [])


def test_blocks_that_are_nested_too_deeply_are_refused(sender: Sender) -> None:
    element: dict[str, Any] = {"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}
    for _ in range(400):
        element = {"type": "rich_text_list", "elements": [element]}
    answer = sender.post({"blocks": [{"type": "rich_text", "elements": [element]}]})
    assert answer.status_code in (200, 400)


def test_a_long_text_is_cut_with_a_mark(sender: Sender) -> None:
    sender.post({"text": "x" * 51})
    assert sender.said()[0][2] == "x" * 49 + "…"


@pytest.mark.parametrize(
    ("trouble", "status", "word", "wait"),
    [
        (TooFast("x", 0.2), 429, "rate_limited", "1"),
        (ServiceBusy("x"), 503, "service_unavailable", "2"),
        (NoSuchRoom("x"), 404, "channel_not_found", None),
        (ValueError("x"), 400, "invalid_payload", None),
    ],
)
def test_what_the_chat_refuses_tells_when_to_come_again(
    sender: Sender, trouble: Exception, status: int, word: str, wait: str | None
) -> None:
    sender.chat.trouble = trouble
    answer = sender.post({"text": "x"})
    assert answered(answer) == (status, word, "text/plain")
    assert answer.headers.get("Retry-After") == wait


def test_without_a_chat_senders_are_told_to_come_again(sender: Sender) -> None:
    settings = Settings(chat=ChatSettings(hooks_file=sender.file))
    client = create_app(FakeMix(chat=None), settings).test_client()
    assert client.post(f"/api/hooks/{sender.secret}", json={"text": "x"}).status_code == 503


def test_a_delivery_that_is_named_has_one_key_however_long_its_name(sender: Sender) -> None:
    for headers in ({"Idempotency-Key": '"a"'}, {"Idempotency-Key": '"a"'}, {"webhook-id": "msg_1"}, {}):
        sender.post({"text": "x"}, headers=headers)

    first, again, other, none = [delivery for _, delivery in sender.chat.delivered]
    assert first == again != other
    assert first is not None
    assert len(first) == 64
    assert none is None


def test_an_unknown_secret_is_answered_as_slack_does_and_then_slowed_down(sender: Sender) -> None:
    for _ in range(20):
        assert answered(sender.post({"text": "x"}, secret="wrong")) == (404, "no_service", "text/plain")

    answer = sender.post({"text": "x"}, secret="wrong")
    assert (answer.status_code, answer.text) == (429, "rate_limited")
    assert int(answer.headers["Retry-After"]) > 0
    # Whoever has the secret does not wait for those who guess.
    assert sender.post({"text": "x"}).status_code == 200
    other = {"REMOTE_ADDR": "192.0.2.9"}
    assert sender.post({"text": "x"}, secret="wrong", environ_base=other).status_code == 404


def test_a_webhook_that_is_removed_or_added_counts_at_once(sender: Sender) -> None:
    remove_hook(sender.file, "ci")
    assert sender.post({"text": "x"}).text == "no_service"
    secret = add_hook(sender.file, "cd", "lobby")
    assert sender.post({"text": "x"}, secret=secret).text == "ok"


def test_a_file_with_a_mistake_serves_no_webhook_and_is_logged_without_secrets(
    sender: Sender,
) -> None:
    with open(sender.file, "a") as file:
        file.write("nonsense\n")
    assert sender.post({"text": "x"}).status_code == 404
    os.unlink(sender.file)
    assert sender.post({"text": "x"}).status_code == 404


def test_only_post_is_allowed_and_nothing_may_be_cached(sender: Sender) -> None:
    assert sender.client.get(f"/api/hooks/{sender.secret}").status_code == 405
    assert sender.post({"text": "x"}).headers["Cache-Control"] == "no-store"


def test_an_error_of_the_view_does_not_log_the_path(sender: Sender) -> None:
    sender.chat.trouble = KeyError("x")
    with capturedLogs() as events:
        answer = sender.post({"text": "x"})
    logged = [eventAsText(event) for event in events]

    assert answered(answer) == (500, "rollup_error", "text/plain")
    assert any("webhook ci failed" in each for each in logged)
    assert sender.secret not in json.dumps(logged)
