"""Processes that serve the same pages share what they remember of logins."""

from typing import Final

from flask.testing import FlaskClient
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase
from werkzeug.security import generate_password_hash

from mixsvc.config.parsers import Moderator
from mixsvc.config.settings import ChatSettings, Settings
from mixsvc.errors import MixError, ServiceBusy
from mixsvc.pages.app import AppSecrets, create_app
from mixsvc.pages.auth.limits import CHECKS_BURST
from mixsvc.pages.auth.memory import LoginMemory, PromptLogOuts
from mixsvc.pages.auth.throttle import FREE_FAILURES
from tests.pages.fakes import FakeChat, FakeMix

MIA: Final = Moderator("Mia", generate_password_hash("pass", "scrypt:1024:8:1"))
SETTINGS: Final = Settings(chat=ChatSettings(moderators=(MIA,)))
KEYS: Final = AppSecrets(b"k" * 32)


def process(memory: LoginMemory | None) -> FlaskClient:
    """The pages in a process of their own."""
    return create_app(FakeMix(chat=FakeChat()), SETTINGS, KEYS, memory=memory).test_client()


def log_in(client: FlaskClient, password: str) -> int:
    return client.post("/api/login", json={"name": "Mia", "password": password}).status_code


def is_moderator(client: FlaskClient) -> bool:
    return bool(client.get("/api/session").get_json()["moderator"])


class SharedMemoryTests(SynchronousTestCase):
    def test_guesses_at_several_processes_are_as_few_as_at_one(self) -> None:
        memory = KEYS.login_memory()
        processes = [process(memory) for _ in range(3)]

        statuses = [log_in(processes[number % 3], "wrong") for number in range(FREE_FAILURES + 4)]

        self.assertLess(FREE_FAILURES, CHECKS_BURST)
        self.assertEqual(statuses, [403] * FREE_FAILURES + [429] * 4)

    def test_who_has_logged_out_in_one_process_is_logged_out_in_all(self) -> None:
        memory = KEYS.login_memory()
        one, two = process(memory), process(memory)
        self.assertEqual(log_in(one, "pass"), 200)
        cookie = one.get_cookie("mixsvc_session")
        assert cookie is not None
        two.set_cookie("mixsvc_session", cookie.value)
        self.assertTrue(is_moderator(two))

        one.delete("/api/session")

        self.assertFalse(is_moderator(two))

    def test_a_log_out_is_stored_where_the_service_cannot_be_started(self) -> None:
        class Host(FakeMix):
            trouble: Exception

            def __getattribute__(self, name: str) -> object:
                if name == "chat":
                    raise self.trouble
                return super().__getattribute__(name)

        for Host.trouble in (ServiceBusy("PostgreSQL is away"), MixError("no database"), RuntimeError("in a program")):
            log_outs = KEYS.login_memory().log_outs

            with capturedLogs() as events:
                self.assertTrue(PromptLogOuts(log_outs, Host.__new__(Host)).end("a1"))

            self.assertIn("a1", log_outs)
            self.assertEqual([str(Host.trouble)], [event["error"] for event in events])

    def test_while_the_memory_does_not_answer_nobody_logs_in_and_the_page_says_so(self) -> None:
        class Busy:
            def begin(self, name: str, address: str, device: str) -> int:
                raise ServiceBusy("no answer within 5 s; try again")

            def end(self, attempt: int, is_right: bool) -> None:
                raise AssertionError

        client = process(LoginMemory(Busy(), KEYS.login_memory().log_outs))

        self.assertEqual(log_in(client, "pass"), 503)
