"""What is deleted leaves the index of search, too: all its words, as one reads the file byte by byte."""

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest

from mixsvc.chat.model.acts import Deletion
from mixsvc.chat.storage.indexing import Purge, index_slice
from mixsvc.chat.storage.records import AuditEntry, Correction, Draft, StorageLimits
from mixsvc.chat.storage.sqlite.store import STORE
from mixsvc.storage.connections import set_up
from mixsvc.storage.database import prepare
from mixsvc.storage.write_ahead_log import Emptied, WriteAheadLog
from tests.chat.fakes import NOW

T = TypeVar("T")

PLENTY = StorageLimits(keep=100_000, page_bytes=1_000_000)
ENTRY = AuditEntry(0, NOW, "Mia", "delete", "lobby", "1", "")
LETTERS = "абвгдежзиклмнопрстуфхцчшщэюя"


class Files:
    """A database, its index, and its write-ahead log, as the service's thread uses them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        prepare(str(path), lambda cursor: None)
        self.connection = sqlite3.connect(path, isolation_level=None)
        set_up(self.connection)
        self.log = WriteAheadLog(str(path))

    def run(self, function: Callable[..., T], *args: object) -> T:
        with closing(self.connection.cursor()) as cursor:
            result = function(cursor, *args)
        self.connection.commit()
        return result

    def say(self, texts: list[str], limits: StorageLimits = PLENTY) -> None:
        self.run(STORE.messages.insert, [Draft("lobby", "Ann", each, NOW, None, "", "ann") for each in texts], limits)

    def settle(self) -> None:
        """Index, take out what was deleted, and empty the log."""
        while self.run(lambda cursor: index_slice(STORE.index, cursor)):
            pass
        while self.run(lambda cursor: STORE.index.purge(cursor, Purge(is_soon=True, is_old=True))):
            pass
        while self.log.empty(self.connection) is not Emptied.WHOLLY:
            pass

    def has(self, word: str) -> bool:
        """Whether the file, or one beside it, has two letters of a word side by side, as trigrams do."""
        data = b"".join(each.read_bytes() for each in self.path.parent.iterdir())
        return any(word[at : at + 2].encode() in data for at in range(len(word) - 1))

    def close(self) -> None:
        self.connection.close()
        self.log.close()


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    made = Files(tmp_path / "x.db")
    chance = random.Random(20261129)
    words = ["".join(chance.choices(LETTERS[:9], k=chance.randint(3, 9))) for _ in range(300)]
    # In several slices, so that the index has several parts.
    for _ in range(5):
        made.say([" ".join(chance.choices(words, k=8)) for _ in range(300)])
        made.settle()
    yield made
    made.close()


def test_a_deleted_text_leaves_no_trigram(files: Files) -> None:
    files.say(["a word юэщ here", *["filler"] * 200])
    files.settle()
    assert files.has("юэщ")

    files.run(STORE.sanctions.delete_message, Deletion("lobby", 1501, "Mia", ""), ENTRY)
    files.settle()

    assert not files.has("юэщ")
    assert files.has("абв")


def test_an_edited_text_leaves_no_trigram_once_it_is_deleted(files: Files) -> None:
    files.say(["юэщ"])
    files.settle()
    files.run(STORE.corrections.edit, Correction("lobby", 1501, "ann", 1e9, NOW), "other")
    files.settle()

    # Moderators can read it.
    assert files.connection.execute("SELECT text FROM earlier_text").fetchall() == [("юэщ",)]
    assert files.connection.execute("SELECT count(*) FROM search_text WHERE text = 'юэщ'").fetchone() == (0,)
    files.run(STORE.sanctions.delete_message, Deletion("lobby", 1501, "Mia", ""), ENTRY)
    files.settle()
    assert not files.has("юэщ")


def test_texts_that_are_too_old_leave_no_trigram(files: Files) -> None:
    files.say(["юэщ", *["filler"] * 30])
    files.settle()

    files.say(["filler"], StorageLimits(20, 1_000_000))
    files.settle()

    assert not files.has("юэщ")
    assert not files.has("абв")


def test_a_text_that_an_operator_deletes_by_hand_leaves_no_trigram(files: Files) -> None:
    files.say(["юэщ"])
    files.settle()

    files.connection.execute("DELETE FROM message WHERE number = 1501")
    files.settle()

    assert not files.has("юэщ")


def test_the_steps_of_a_purge_go_on_after_a_kill(files: Files) -> None:
    files.say(["юэщ"])
    files.settle()
    files.run(STORE.sanctions.delete_message, Deletion("lobby", 1501, "Mia", ""), ENTRY)
    files.run(lambda cursor: index_slice(STORE.index, cursor))
    files.run(lambda cursor: STORE.index.purge(cursor, Purge(is_soon=True, is_old=False)))
    path = files.path
    files.close()

    again = Files(path)
    again.settle()

    assert not again.has("юэщ")
    again.close()
