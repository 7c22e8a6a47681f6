"""Topics that are kept in memory only have a database of their own there."""

from typing import Any

from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from twisted.logger import capturedLogs
from twisted.trial.unittest import TestCase

from mixsvc.config.settings import MEMORY, Settings, StorageSettings, TopicsSettings
from mixsvc.threads.wait_limit import WaitLimit
from mixsvc.topics.service import TopicsDependencies, TopicsService
from tests.chat.fakes import FakeDatabase
from tests.topics.fakes import FakeReader


class InMemoryTests(TestCase):
    def service(self, path: str, url: str = "") -> TopicsService:
        settings = Settings(topics=TopicsSettings(in_memory=True), storage=StorageSettings(path=path, url=url))
        self.file: Any = FakeDatabase()
        given = TopicsDependencies(self.file, lambda *given: None, WaitLimit(2), deferToThread)
        return TopicsService(reactor, settings, given)

    async def test_events_are_numbered_and_told_and_nothing_is_written_to_the_file(self) -> None:
        service = self.service("db.sqlite3")
        service.start()
        reader = FakeReader().follow(service.topics, "a")

        numbers = [await service.publisher.publish("a", each, None, each) for each in ("x", "y", "x")]
        last = await service.publisher.last(["a"])
        await service.stop()
        await service.close_own_database()

        self.assertEqual(([1, 2, 1], "2@"), (numbers, last[:2]))
        self.assertEqual([2], reader.numbers()[-1:])
        self.assertEqual([], self.file.asked)

    async def test_the_next_process_has_another_epoch(self) -> None:
        lasts = []
        for _ in range(2):
            service = self.service("db.sqlite3")
            lasts.append(await service.publisher.last(["a"]))
            await service.close_own_database()

        self.assertNotEqual(*lasts)

    def test_a_database_that_is_in_memory_already_is_used(self) -> None:
        service = self.service(MEMORY)
        service.publisher.publish("a", "x")

        self.assertEqual(1, len(self.file.asked))

    async def test_nodes_share_their_events_and_the_log_says_that_memory_is_not_used(self) -> None:
        logged = []
        for url in ("postgresql://localhost/chat", ""):
            service = self.service("db.sqlite3", url)
            with capturedLogs() as events:
                service.start()
            logged.append([each["log_format"] for each in events if "in_memory" in each["log_format"]])
            self.file.asked.clear()
            await service.stop()
            await service.close_own_database()

        self.assertEqual([1, 0], [len(each) for each in logged])
