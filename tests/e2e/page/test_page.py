"""The page in a real browser, on the real service: people come, talk and go."""

import re

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.support.browser import NewVisitor
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.service import Service
from tests.e2e.support.urls import get_text
from tests.e2e.support.waiting import wait_until

HOSTILE = "<b>hostile</b><img src=x onerror=alert(1)> {{7*7}} \u202egnirts \u0007"


def wait_until_shown(service: Service, number: int) -> None:
    """What the server puts into the page may be a second old."""
    wait_until(lambda: f'data-number="{number}"' in get_text(f"{service.url}/"), f"message {number} is not shown")


@pytest.mark.usefixtures("no_complaints")
def test_two_people_see_each_other_come_and_talk_both_ways(service: Service, visitor: NewVisitor) -> None:
    ann, bob = visitor(), visitor()
    ann.enter(service.url, "Ann")
    bob.enter(service.url, "Bob")
    expect(ann.members).to_have_text(["Ann", "Bob"])
    expect(bob.members).to_have_text(["Ann", "Bob"])

    ann.say("Good morning, Bob")
    expect(bob.texts.last).to_have_text("Good morning, Bob")
    bob.say("Good morning, Ann")

    for person in (ann, bob):
        expect(person.texts.last).to_have_text("Good morning, Ann")
    assert ann.numbers() == bob.numbers()


@pytest.mark.usefixtures("no_complaints")
def test_who_goes_is_no_longer_listed(service: Service, visitor: NewVisitor) -> None:
    ann, bob = visitor(), visitor()
    ann.enter(service.url, "Anna")
    bob.enter(service.url, "Bert")
    expect(ann.members).to_have_text(["Anna", "Bert"])

    bob.page.close()

    expect(ann.members).to_have_text(["Anna"])
    expect(ann.page.locator("#people-count")).to_have_text("1")


@pytest.mark.usefixtures("no_complaints")
def test_markup_in_messages_names_rooms_and_topics_stays_text(service: Service, visitor: NewVisitor) -> None:
    ann, bob = visitor(), visitor()
    ann.enter(service.url, "<i>Ann</i>")
    bob.enter(service.url, "Bo&amp;b")

    ann.say(HOSTILE)
    ann.say("/topic <u>plans</u>")

    expect(bob.texts.last).to_have_text(HOSTILE)
    expect(bob.page.locator("#log .who").last).to_have_text("<i>Ann</i>")
    expect(bob.page.locator("#room-topic")).to_have_text("<u>plans</u>")
    expect(ann.members).to_have_text(["<i>Ann</i>", "Bo&amp;b"])
    expect(bob.page.locator("#log :is(.text, .who) *, #members i, #room-topic *")).to_have_count(0)


@pytest.mark.usefixtures("no_complaints")
def test_hostile_text_is_text_on_the_page_that_the_server_makes(service: Service, visitor: NewVisitor) -> None:
    with Chatter(service.port, '"><script>alert(1)</script>'[:32]) as chatter:
        wait_until_shown(service, chatter.say(HOSTILE))
        reader = visitor(java_script_enabled=False)
        reader.page.goto(service.url)

        expect(reader.texts.last).to_have_text(HOSTILE)
        expect(reader.page.locator("#log :is(.text, .who) *, #log script, #log img")).to_have_count(0)


@pytest.mark.usefixtures("no_complaints")
def test_a_name_that_is_taken_is_refused_with_another(service: Service, visitor: NewVisitor) -> None:
    first, second = visitor(), visitor()
    first.enter(service.url, "Carl")
    second.come(service.url)

    second.ask_for("carl")

    expect(second.page.locator("#name-error")).not_to_be_empty()
    offer = second.page.get_by_role("button", name="Enter as")
    suggestion = (offer.text_content() or "").removeprefix("Enter as ")
    offer.click()
    expect(first.members).to_have_text(sorted(["Carl", suggestion]))


@pytest.mark.usefixtures("no_complaints")
def test_the_name_is_still_there_on_the_next_visit_and_can_be_changed(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    ann.enter(service.url, "Antonia")
    ann.page.reload()
    expect(ann.members).to_have_text(["Antonia"])

    ann.choose("My menu", "Change my name")
    ann.ask_for("Toni")

    expect(ann.members).to_have_text(["Toni"])
    expect(ann.page.locator("#me-name")).to_have_text("Toni")


@pytest.mark.usefixtures("no_complaints")
def test_the_latest_messages_are_seen_before_one_has_a_name(service: Service, visitor: NewVisitor) -> None:
    with Chatter(service.port, "Dan") as dan:
        number = dan.say("seen by everyone")
    wait_until_shown(service, number)
    reader = visitor()

    reader.come(service.url)

    expect(reader.texts.last).to_have_text("seen by everyone")
    assert reader.numbers()[-1] == number


@pytest.mark.usefixtures("no_complaints")
def test_without_javascript_the_page_shows_rates_and_messages(service: Service, visitor: NewVisitor) -> None:
    with Chatter(service.port, "Eve") as eve:
        eve.say("/topic Weather")
        wait_until_shown(service, eve.say("no script needed"))
    service.wait_for("rates: 4 new quotes of 2026-11-20")
    reader = visitor(java_script_enabled=False)

    reader.page.goto(service.url)

    expect(reader.texts.last).to_have_text("no script needed")
    expect(reader.page.locator("#log time").last).to_have_text(re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d UTC$"))
    expect(reader.page.locator("#log .notice").last).to_contain_text("Eve set the topic: Weather")
    expect(reader.page.locator("[data-pair='EUR/USD'] .price")).to_have_text("1.1172")
    expect(reader.page.locator("noscript").first).to_be_visible()


@pytest.mark.usefixtures("no_complaints")
def test_all_that_the_page_loads_is_ours_and_kept_for_good(service: Service, visitor: NewVisitor) -> None:
    ann = visitor()
    loaded: dict[str, str | None] = {}
    ann.page.on("response", lambda answer: loaded.update({answer.url: answer.headers.get("cache-control")}))

    ann.enter(service.url, "Frida")

    assert {url for url in loaded if not url.startswith(service.url)} == set()
    assets = {url: kept for url, kept in loaded.items() if "/static/" in url}
    # A first visit: the page, its script, its icon, the chart library, the session, rates, their past, a conversion.
    assert len(loaded) <= 8
    assert set(assets.values()) == {"public, max-age=31536000, immutable"}
    assert not ann.page.evaluate(
        "document.querySelector('[style], script:not([src])')?.closest('#app, head')?.id === 'head'"
    )


@pytest.mark.parametrize("more", ["", "default-src 'self'; connect-src 'self' ws:; img-src 'self' data:"])
def test_the_page_has_its_style_also_where_a_proxy_adds_a_policy_that_permits_none_inside(
    service: Service, visitor: NewVisitor, more: str
) -> None:
    ann = visitor()

    def proxy(route: Route) -> None:
        answer = route.fetch()
        policies = [answer.headers["content-security-policy"], more]
        headers = {**answer.headers, "content-security-policy": ", ".join(filter(None, policies))}
        route.fulfill(response=answer, headers=headers)

    ann.page.route(f"{service.url}/", proxy)
    ann.come(f"{service.url}/")

    expect(ann.page.locator("#app")).to_have_css("display", "grid")
    assert len(ann.page.locator("head link[rel=stylesheet]").all()) == (1 if more else 0)
