"""The operators' window in Chromium, with scripts and without, on one running service."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.support.axe import violations
from tests.e2e.support.browser import NewVisitor
from tests.e2e.support.chatter import Chatter
from tests.e2e.support.operators import OPERATORS
from tests.e2e.support.service import Config, Service
from tests.e2e.support.window import WindowPage

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
SCREENS: dict[str, dict[str, Any]] = {
    "desk": {"viewport": {"width": 1440, "height": 900}},
    "dark phone": {**PHONE, "color_scheme": "dark"},
    "without scripts": {"java_script_enabled": False},
}

# If it is taken for markup, the console complains: there is no such picture, and the CSP forbids the rest.
HOSTILE = "<img src=x onerror=x()>"

OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Has the page believe that its tab is hidden, or seen again.
HIDE = """(isHidden) => {
    Object.defineProperty(document, "hidden", {value: isHidden, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the service makes."""
    return tmp_path_factory.mktemp("window") / "token"


@pytest.fixture(scope="module")
def config(config: Config, token: Path) -> Config:
    """With a port for operators."""
    return {**config, "server": {**OPERATORS, "admin_token_file": str(token)}}


@pytest.mark.usefixtures("no_complaints")
@pytest.mark.parametrize("screen", [each for each in SCREENS if each != "without scripts"])
def test_axe_finds_nothing_to_blame_and_nothing_is_too_wide(
    service: Service, token: Path, visitor: NewVisitor, screen: str
) -> None:
    window = WindowPage(visitor(**SCREENS[screen]).page, service, token)
    window.page.goto(window.url)
    assert violations(window.page) == []

    with Chatter(service.port, "A name of some length"), Chatter(service.port, "محمد علي"):
        window.log_in()
        expect(window.state).to_have_text("Live")
        window.action("say")

        assert violations(window.page) == []
        assert window.page.evaluate(OVERFLOW) <= 0


@pytest.mark.usefixtures("no_complaints")
def test_it_follows_the_service_and_leaves_the_reader_alone(service: Service, token: Path, visitor: NewVisitor) -> None:
    window = WindowPage(visitor().page, service, token)
    window.log_in()
    form = window.action("say")
    form.get_by_label("Text").fill("half a sente")
    chip = window.page.locator("#sessions [data-key=websocket] b").first
    before = int(chip.inner_text())

    with Chatter(service.port, HOSTILE):
        expect(chip).to_have_text(str(before + 1))
        expect(window.page.locator("#sessions tbody")).to_contain_text(HOSTILE)

    expect(chip).to_have_text(str(before))
    expect(form.get_by_label("Text")).to_have_value("half a sente")
    expect(form.get_by_label("Text")).to_be_focused()


@pytest.mark.usefixtures("no_complaints")
def test_it_stops_while_nobody_sees_it_and_on_demand(service: Service, token: Path, visitor: NewVisitor) -> None:
    window = WindowPage(visitor().page, service, token)
    asked: list[str] = []
    window.page.on("request", lambda request: asked.append(request.url))
    window.log_in()
    expect(window.state).to_have_text("Live")

    for stop, go_on in (
        (lambda: window.page.evaluate(HIDE, True), lambda: window.page.evaluate(HIDE, False)),
        (lambda: window.page.locator("#pause").click(), lambda: window.page.locator("#pause").click()),
    ):
        window.page.clock.install()
        stop()
        window.page.wait_for_load_state("networkidle")
        count = len(asked)
        window.page.clock.run_for(60_000)
        assert asked[count:] == []
        with window.page.expect_request("**/window/live"):
            go_on()


def test_it_says_since_when_there_is_no_answer_and_comes_back_by_itself(
    service: Service, token: Path, visitor: NewVisitor
) -> None:
    window = WindowPage(visitor().page, service, token)
    window.log_in()
    expect(window.state).to_have_text("Live")

    window.page.context.set_offline(True)
    expect(window.state).to_contain_text("Disconnected since ")
    window.page.context.set_offline(False)

    expect(window.state).to_have_text("Live")


@pytest.mark.usefixtures("no_complaints")
def test_a_session_is_closed_by_the_button_in_its_row(service: Service, token: Path, visitor: NewVisitor) -> None:
    window = WindowPage(visitor().page, service, token)
    window.log_in()

    with Chatter(service.port, "Bob"):
        row = window.page.locator("#sessions tr", has_text="Bob")
        row.get_by_role("button", name="Close: Bob").click()
        question = window.page.get_by_role("dialog")
        expect(question).to_contain_text("Really close?")
        question.get_by_role("button", name="Close").click()

        expect(window.notice).to_contain_text("is closed")
        expect(row).to_have_count(0)


@pytest.mark.usefixtures("no_complaints")
def test_the_last_hour_is_drawn_and_said_in_words(service: Service, token: Path, visitor: NewVisitor) -> None:
    window = WindowPage(visitor().page, service, token)
    window.log_in()

    sessions = window.page.get_by_role("img", name="Sessions in the last hour: now ")
    expect(sessions.locator("canvas")).to_be_visible()
    expect(window.page.locator("#plots canvas")).not_to_have_count(1)


@pytest.mark.usefixtures("no_complaints")
def test_an_action_answers_on_the_page_and_a_dangerous_one_asks_first(
    service: Service, token: Path, visitor: NewVisitor
) -> None:
    window = WindowPage(visitor().page, service, token)
    window.log_in()
    say = window.action("say")
    say.get_by_label("Room").fill("lobby")
    say.get_by_label("Text").fill("<b>The service restarts.</b>")
    with Chatter(service.port, "Ann") as ann:
        say.get_by_role("button").click()
        assert ann.wait_for("message")["text"] == "<b>The service restarts.</b>"
    expect(window.notice).to_contain_text("said in lobby, as message ")

    say.get_by_label("Room").fill("nowhere")
    say.get_by_label("Text").fill("x")
    say.get_by_role("button").click()
    expect(window.notice).to_contain_text("there is no room nowhere")

    drain = window.action("drain")
    drain.get_by_role("button").click()
    question = window.page.get_by_role("dialog")
    expect(question).to_contain_text("Really drain?")
    assert violations(window.page) == []
    question.get_by_role("button", name="Cancel").click()
    expect(window.tile("stage")).to_contain_text("serving")
    drain.get_by_role("button").click()
    question.get_by_role("button", name="Drain").click()
    expect(window.tile("stage")).to_contain_text("drained")
    drain.get_by_role("textbox").fill("off")
    drain.get_by_role("button").click()
    question.get_by_role("button", name="Drain").click()
    expect(window.tile("stage")).to_contain_text("serving")


@pytest.mark.usefixtures("no_complaints")
def test_without_scripts_all_of_that_works_by_links_and_forms(
    service: Service, token: Path, visitor: NewVisitor
) -> None:
    window = WindowPage(visitor(**SCREENS["without scripts"]).page, service, token)
    window.log_in()
    expect(window.state).to_contain_text("As of ")
    expect(window.page.locator("#rates")).to_contain_text("ecb")
    window.page.get_by_role("link", name="Refresh").click()

    say = window.action("say")
    say.get_by_label("Room").fill("lobby")
    say.get_by_label("Text").fill("Hello!")
    say.get_by_role("button").click()
    expect(window.notice).to_contain_text("said in lobby, as message ")
    window.page.get_by_role("link", name="Refresh").click()
    expect(window.notice).to_be_hidden()

    window.action("drain").get_by_role("button").click()
    expect(window.page.get_by_role("heading", name="Really drain?")).to_be_visible()
    window.page.get_by_role("link", name="Cancel").click()
    expect(window.tile("stage")).to_contain_text("serving")
    window.page.get_by_role("button", name="Log out").click()
    expect(window.page.get_by_label("The operators’ token")).to_be_visible()
