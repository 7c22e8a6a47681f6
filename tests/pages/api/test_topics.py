"""POST /api/topics/TOPIC: programs publish with the token."""

from typing import Any, Final

from twisted.trial.unittest import SynchronousTestCase
from werkzeug.test import TestResponse

from mixsvc.config.settings import Settings, TopicsSettings
from mixsvc.errors import NotPublished, ServiceBusy
from mixsvc.interfaces.topics import MAX_EVENT_NAME, MAX_KEY
from mixsvc.pages.app import AppSecrets, create_app
from tests.pages.fakes import FakeChat, FakeMix

TOKEN: Final = b"0123456789abcdef"
SHOWN: Final = {"Authorization": "Bearer 0123456789abcdef"}


class FakeTopicsMix(FakeMix):
    """Notes what is published, or raises."""

    def __init__(self) -> None:
        super().__init__(chat=FakeChat())
        self.published: list[tuple[Any, ...]] = []
        self.trouble: Exception | None = None

    def publish(self, topic: str, data: Any, event: str | None = None, key: str | None = None) -> int:
        if self.trouble is not None:
            raise self.trouble
        self.published.append((topic, data, event, key))
        return len(self.published)


class TopicsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.mix = FakeTopicsMix()
        self.client = self.client_with(AppSecrets(api_token=TOKEN))

    def client_with(self, keys: AppSecrets) -> Any:
        return create_app(self.mix, Settings(topics=TopicsSettings(max_data=100)), keys).test_client()

    def post(self, body: object, topic: str = "order-42", headers: dict[str, str] = SHOWN) -> TestResponse:
        answer: TestResponse = self.client.post(f"/api/topics/{topic}", json=body, headers=headers)
        return answer

    def refused(self, answer: TestResponse, status: int) -> dict[str, Any]:
        self.assertEqual((answer.status_code, answer.content_type), (status, "application/problem+json"))
        found: dict[str, Any] = answer.get_json(force=True)
        return found

    def test_texts_of_full_length_may_be_escaped(self) -> None:
        longest = {"data": "\x01" * 100, "event": "\U0001f600" * MAX_EVENT_NAME, "key": "\U0001f600" * MAX_KEY}

        self.assertEqual(self.post(longest).status_code, 201)

    def test_an_event_is_published_and_its_number_returned(self) -> None:
        answer = self.post({"data": "paid", "event": "status", "key": "k1"})

        self.assertEqual((answer.status_code, answer.get_json()), (201, {"topic": "order-42", "number": 1}))
        self.assertEqual(self.post({"data": {"total": 7}}, "Bestellung-ä").get_json()["number"], 2)
        self.assertEqual(self.post({"data": None}, "user:7").status_code, 201)
        self.assertEqual(
            self.mix.published,
            [
                ("order-42", "paid", "status", "k1"),
                ("Bestellung-ä", {"total": 7}, None, None),
                ("user:7", None, None, None),
            ],
        )

    def test_without_the_token_nothing_is_published(self) -> None:
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic 0123456789abcdef"}):
            self.refused(self.post({"data": "x"}, headers=headers), 401)
        self.client = self.client_with(AppSecrets())
        self.refused(self.post({"data": "x"}), 403)

        self.assertEqual(self.mix.published, [])

    def test_what_is_no_event_is_refused(self) -> None:
        wrong: list[object] = [{}, [], "x", *({"data": "x", **each} for each in ({"event": 7}, {"event": ""}))]
        for body in (*wrong, {"data": "x", "key": "k" * 65}):
            self.refused(self.post(body), 400)
        self.refused(self.post({"data": "x" * 10_000}), 413)
        self.mix.trouble = NotPublished("'a b' is not a topic")

        self.assertEqual(self.refused(self.post({"data": "x"}, "a b"), 400)["detail"], "'a b' is not a topic.")
        self.assertEqual(self.mix.published, [])

    def test_a_service_that_is_busy_or_has_no_topics_says_so(self) -> None:
        self.mix.trouble = ServiceBusy("the database fails; try again a little later")
        answer = self.post({"data": "x"})
        self.refused(answer, 503)
        self.assertEqual(answer.headers["Retry-After"], "2")
        self.mix.trouble = RuntimeError("there are no topics in this host")

        self.refused(self.post({"data": "x"}), 503)
