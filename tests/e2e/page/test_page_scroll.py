"""The log: it follows new messages, keeps its place, loads older messages, and does not grow without a limit."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.support.browser import NewVisitor, Visitor
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.service import DEADLINE, Config, Launch, Service

MANY = 640
# The server lets at most so many messages wait for the disk.
AT_ONCE = 40
QUICK = {"rate": "1000", "burst": "100000", "joins": "10000"}

# Milliseconds of the processor that the page may take for a message that comes in; it takes 3 to 8.
MESSAGE_MS = 25


def processor_seconds(page: Page) -> Callable[[], float]:
    """Tells for how long the main thread of the page has run; waiting for a processor does not count."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def now() -> float:
        metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
        return float(metrics["TaskDuration"])

    return now


@pytest.fixture(scope="module")
def crowded(installed: Path, config: Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with many messages and without rate limits."""
    launch = Launch(installed, tmp_path_factory.mktemp("crowded"), config).having(chat=QUICK)
    with Service(launch) as service:
        with Chatter(service.port, "Writer") as writer:
            for begin in range(0, MANY, AT_ONCE):
                for number in range(begin, begin + AT_ONCE):
                    writer.ask(type="say", room="lobby", text=f"line {number + 1}")
                for _ in range(AT_ONCE):
                    writer.wait_for("said")
        yield service


def go_back_to_the_first(ann: Visitor) -> None:
    """Scroll up again and again, until there is nothing older."""
    while (first := ann.numbers()[0]) > 1:
        # Once older messages are there, the reader's place is kept, so there is more to scroll.
        ann.log.evaluate("(log) => { log.scrollTop = 0; }")
        expect(ann.page.locator(f"#log [data-number='{first - 1}']")).to_have_count(1)


@pytest.mark.usefixtures("no_complaints")
def test_who_reads_stays_where_they_are_and_is_told_of_what_is_new(crowded: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(crowded.url, "Ann")
    expect(ann.texts.last).to_contain_text("line")
    ann.log.evaluate("(log) => { log.scrollTop -= 600; }")
    expect(ann.page.locator("#newest")).to_have_text("To the newest")
    before = ann.scrolled()

    with Chatter(crowded.port, "Bob") as bob:
        bob.say("news one")
        bob.say("news two")

        expect(ann.page.locator("#newest")).to_have_text("2 new messages")
    assert ann.scrolled() > before
    ann.page.locator("#newest").click()
    expect(ann.texts.last).to_be_in_viewport()
    expect(ann.texts.last).to_have_text("news two")
    expect(ann.page.locator("#newest")).to_be_hidden()


@pytest.mark.usefixtures("no_complaints")
def test_scrolling_back_brings_every_older_message_and_keeps_the_place(crowded: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(crowded.url, "Cleo")
    expect(ann.texts.last).to_contain_text("news")
    first = ann.numbers()[0]

    ann.log.evaluate("(log) => { log.scrollTop = 0; }")
    expect(ann.page.locator(f"#log [data-number='{first - 1}']")).to_have_count(1)
    top = ann.page.locator(f"#log [data-number='{first}']")
    expect(top).to_be_in_viewport()

    go_back_to_the_first(ann)
    numbers = ann.numbers()
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == 500
    ann.log.evaluate("(log) => { log.scrollTop = 0; }")
    expect(ann.page.locator("#log-start")).to_contain_text("begins")


@pytest.mark.usefixtures("no_complaints")
def test_from_far_back_one_comes_to_the_newest_at_once_or_page_by_page(crowded: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(crowded.url, "Dora")
    expect(ann.texts.last).to_contain_text("news")
    go_back_to_the_first(ann)
    last = ann.numbers()[-1]

    ann.log.evaluate("(log) => { log.scrollTop = log.scrollHeight; }")
    expect(ann.page.locator(f"#log [data-number='{last + 1}']")).to_have_count(1)
    assert len(ann.numbers()) <= 500
    ann.page.locator("#newest").click()

    expect(ann.texts.last).to_contain_text("news")
    numbers = ann.numbers()
    assert numbers == list(range(numbers[0], numbers[-1] + 1))


def test_a_page_under_a_hundred_messages_a_second_answers_and_does_not_grow(
    crowded: Service, visitor: NewVisitor
) -> None:
    ann = visitor()
    ann.enter(crowded.url, "Emil")
    used = processor_seconds(ann.page)
    before = used()
    with Chatter(crowded.port, "Flood") as flood, ThreadPoolExecutor(1) as pool:
        sent = pool.submit(say_evenly, flood, 600, 100)
        field = ann.page.get_by_label("Your message")
        field.press_sequentially("typed while it rains", delay=20)
        expect(field).to_have_value("typed while it rains")
        field.press("Enter")
        expect(ann.page.locator("#log .own .text")).to_have_text(["typed while it rains"])
        last = sent.result(DEADLINE)

    expect(ann.page.locator(f"#log [data-number='{last}']")).to_have_count(1)
    assert ann.scrolled() < 60
    assert len(ann.numbers()) == 500
    assert (used() - before) * 1000 / 600 < MESSAGE_MS


def say_evenly(chatter: Chatter, count: int, per_second: int) -> int:
    """Say so many lines, so many a second; the number of the last."""
    never = Event()
    for number in range(count):
        chatter.ask(type="say", room="lobby", text=f"drop {number} https://example.org/{number}")
        never.wait(1 / per_second)
    number = 0
    for _ in range(count):
        number = chatter.wait_for("said")["number"]
    return number
