"""The page after its service was restored from a backup: no message of one history passes for one of another."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

from playwright.sync_api import expect

from tests.e2e.support.browser import NewVisitor
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.service import Launch, Service


def say(service: Service, *texts: str) -> None:
    with Chatter(service.port, "Writer") as writer:
        for text in texts:
            writer.say(text)


def test_a_page_that_comes_back_after_a_restore_shows_the_new_history(
    launch: Launch, start: Callable[[Launch], Service], visitor: NewVisitor
) -> None:
    quick = launch.having(chat={"rate": "1000", "burst": "1000"})
    service = start(quick)
    database, backup = quick.folder / "mixsvc.sqlite3", quick.folder / "backup.sqlite3"
    old = [f"old {number}" for number in range(1, 11)]
    say(service, *old)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("VACUUM INTO ?", (str(backup),))
    lost = [f"lost {number}" for number in range(11, 21)]
    say(service, *lost)
    ann = visitor()
    ann.enter(service.url, "Ann")
    expect(ann.texts).to_have_text([*old, *lost])
    ann.page.context.set_offline(True)
    expect(ann.status).to_contain_text("offline")
    again = replace(quick, options=("--port", str(service.port)))
    assert service.stop() == -15

    # Not by our command: the file is as it was, its epoch included.
    shutil.copyfile(backup, database)
    new = [f"new {number}" for number in range(11, 26)]
    say(start(again), *new)
    ann.page.context.set_offline(False)

    expect(ann.texts).to_have_text([*old, *new])
    assert ann.numbers() == list(range(1, 26))
    expect(ann.page.locator("#log .notice")).to_contain_text(["This room has another history now"])
    ann.say("I am here")
    expect(ann.texts.last).to_have_text("I am here")
