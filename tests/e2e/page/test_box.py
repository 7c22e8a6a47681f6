"""The box by itself, with a chat that the test plays: what it says, and how it stands what a page does to it."""

import json
import re

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.support.played_chat import NAMELESS, Play, PlayedChat

ENTER = "(box) => (box.token = () => 'Ann')"
# As in a browser without it.
WITHOUT_FIELD_SIZING = """<script>
CSS.supports = () => false;
const { replaceSync } = CSSStyleSheet.prototype;
CSSStyleSheet.prototype.replaceSync = function (text) {
  replaceSync.call(this, text.replaceAll(/field-sizing: \\w+;/g, ""));
};
</script>"""


def box(chat: PlayedChat) -> Locator:
    return chat.page.locator("mix-chat")


# Whether a log was announcing what came into its list of messages, each time.
LISTEN = """(log) => {
  globalThis.heard = [];
  const listen = () => heard.push(log.getAttribute("aria-live"));
  new MutationObserver(listen).observe(log.querySelector("ol"), { childList: true });
}"""


def texts(chat: PlayedChat) -> Locator:
    """The texts of the messages in the log."""
    return box(chat).locator(".log > ol:not(.unsent) .text")


def come_in(chat: PlayedChat) -> Locator:
    """Be Ann in the box; returns where she writes."""
    box(chat).evaluate(ENTER)
    field = box(chat).locator("textarea")
    expect(field).to_be_visible()
    return field


def say(field: Locator, text: str) -> None:
    field.fill(text)
    field.press("Enter")


REFUSED = {"code": "not_allowed", "text": "What the server says."}


@pytest.mark.parametrize(
    ("locale", "login", "join", "change"),
    [
        (
            *("en", "Log in to take part.", "You may not be in this room."),
            "You may not change this message, or not any more.",
        ),
        (
            *("de", "Melde dich an, um mitzureden.", "Du darfst nicht in diesen Raum."),
            "Du darfst diese Nachricht nicht ändern, oder nicht mehr.",
        ),
    ],
)
def test_what_is_not_allowed_is_said_as_it_is_in_the_readers_language(
    play: Play, locale: str, login: str, join: str, change: str
) -> None:
    chat = play(locale=locale)
    problem = box(chat).locator(".problem")
    field = come_in(chat)
    say(field, "hello")
    expect(box(chat).locator(".line .more")).to_be_attached()

    chat.refusals["edit"] = chat.refusals["delete"] = REFUSED
    field.press("ArrowUp")
    say(field, "hallo")
    expect(problem).to_have_text(change)
    field.press("Escape")
    box(chat).locator(".line .more").evaluate("(menu) => menu.click()")
    box(chat).get_by_role("menuitem").last.click()
    box(chat).locator(".question button").first.click()
    expect(problem).to_have_text(change)
    for kind, sentence in (("join", join), ("hello", login)):
        chat.refusals = {kind: REFUSED}
        box(chat).evaluate("(box) => box.client.reconnect()")
        expect(problem).to_have_text(sentence)


def test_a_room_that_is_refused_is_asked_for_again_on_each_connection(play: Play) -> None:
    chat = play()
    problem = box(chat).locator(".problem")
    chat.refusals["join"] = REFUSED
    box(chat).evaluate(ENTER)
    expect(problem).to_have_text("You may not be in this room.")

    box(chat).evaluate("(box) => box.client.reconnect()")
    expect(box(chat).locator(".status")).to_be_empty()
    expect(problem).to_have_text("You may not be in this room.")
    expect(box(chat).locator("textarea")).to_be_hidden()
    chat.refusals.clear()
    box(chat).evaluate("(box) => box.client.reconnect()")
    say(box(chat).locator("textarea"), "hello")
    expect(texts(chat)).to_have_text(["hello"])
    expect(problem).to_be_empty()

    chat.refusals["join"] = REFUSED
    for _ in range(2):
        box(chat).evaluate("(box) => box.client.reconnect()")
        expect(problem).to_have_text("You may not be in this room.")
        # What was said before is still read.
        expect(texts(chat)).to_have_text(["hello"])


@pytest.mark.parametrize(
    ("locale", "gone", "renamed"),
    [
        ("en", "This message is gone.", "Somebody else is Ann now; you are Ann2."),
        ("de", "Diese Nachricht gibt es nicht mehr.", "Ann heißt jetzt jemand anders; du heißt Ann2."),
    ],
)
def test_what_others_have_done_meanwhile_is_said_in_the_readers_language(
    play: Play, locale: str, gone: str, renamed: str
) -> None:
    chat = play(locale=locale)
    problem = box(chat).locator(".problem")
    box(chat).locator("#name").fill("Ann")
    box(chat).locator("#name").press("Enter")
    field = box(chat).locator("textarea")
    say(field, "hello")
    expect(texts(chat)).to_have_text(["hello"])

    chat.refusals["edit"] = {"code": "no_such_message", "text": "There is no message 1 in lobby."}
    field.press("ArrowUp")
    say(field, "hallo")
    expect(problem).to_have_text(gone)

    chat.taken["Ann"] = "Ann2"
    chat.page.clock.install()
    box(chat).evaluate("(box) => box.client.reconnect()")
    # It asks for its name once more each second, for some time.
    for _ in range(60):
        if chat.of("hello")[-1]["name"] == "Ann2":
            break
        chat.page.clock.run_for(1000)
    expect(problem).to_have_text(renamed)


@pytest.mark.parametrize(
    ("locale", "muted", "wrong", "too_long", "out"),
    [
        ("en", *2 * [REFUSED["text"]], "This is too long by 1 characters.", "Mona removed you from this room: why."),
        (
            *(
                "de",
                "Du bist stummgeschaltet.",
                "Diesen Befehl gibt es nicht, oder es fehlt ihm etwas. /help nennt alle.",
            ),
            *("Das ist um 1 Zeichen zu lang.", "Mona hat dich aus diesem Raum entfernt: why."),
        ),
    ],
)
def test_why_nothing_can_be_said_is_said_in_the_readers_language(
    play: Play, locale: str, muted: str, wrong: str, too_long: str, out: str
) -> None:
    chat = play(locale=locale)
    problem, unsent = box(chat).locator(".problem"), box(chat).locator(".unsent .state")
    field = come_in(chat)

    chat.refusals["say"] = {**REFUSED, "code": "muted"}
    say(field, "hello")
    expect(unsent).to_have_text(muted)
    chat.refusals["say"] = {**REFUSED, "code": "bad_command"}
    say(field, "/hello")
    expect(problem).to_have_text(wrong)
    say(field, "x" * 2001)
    expect(problem).to_have_text(too_long)
    chat.tell({"type": "kicked", "room": "lobby", "name": "Ann", "by": "Mona", "reason": "why."})
    expect(box(chat).locator(".outside p")).to_have_text(out)


def test_a_toJSON_that_a_page_has_given_to_all_objects_changes_nothing_that_is_made_json_of(play: Play) -> None:
    made = play("").page.evaluate(
        """async () => {
          const { json } = await import("/chat/src/client/json.js");
          for (const each of [Array, Object, String]) each.prototype.toJSON = () => "changed";
          const text = json({ a: [1, "x\\"", [], null, undefined], "b\\n": { c: true, d: undefined }, e: undefined });
          for (const each of [Array, Object, String]) delete each.prototype.toJSON;
          return text;
        }"""
    )

    assert json.loads(made) == {"a": [1, 'x"', [], None, None], "b\n": {"c": True}}


@pytest.mark.parametrize("nothing", ["null", "undefined"])
def test_without_a_token_a_guest_gives_a_name(play: Play, nothing: str) -> None:
    chat = play()
    come_in(chat)

    box(chat).evaluate(f"(box) => (box.token = {nothing})")

    expect(box(chat).locator("#name")).to_be_visible()
    assert box(chat).evaluate("(box) => box.token") is None


def test_a_token_that_is_set_again_is_asked_for_again_and_a_box_that_is_moved_stays(play: Play) -> None:
    chat = play()
    box(chat).evaluate("(box) => (globalThis.bring = () => globalThis.person, box.token = bring)")
    expect(box(chat).locator(".problem")).to_have_text("Log in to take part.")

    box(chat).evaluate("(box) => (globalThis.person = 'Ann', box.token = bring)")
    expect(box(chat).locator("textarea")).to_be_visible()

    box(chat).evaluate("(box) => (globalThis.before = box.client, document.body.prepend(box))")
    assert box(chat).evaluate("(box) => new Promise((done) => setTimeout(() => done(box.client === before), 50))")


def test_whose_token_says_no_name_gives_one_in_the_box(play: Play) -> None:
    chat = play()
    chat.taken["Ann"] = "Ann2"
    name, field = box(chat).locator("#name"), box(chat).locator("textarea")
    box(chat).evaluate(f"(box) => (box.token = () => globalThis.isOut ? null : '{NAMELESS}')")

    say(name, "Ann")
    expect(box(chat).locator(".problem")).to_have_text("This name is taken.")
    box(chat).get_by_role("button", name="Be Ann2").click()
    say(field, "hello")
    expect(box(chat).locator(".log .name")).to_have_text(["Ann2"])

    chat.drop()
    say(field, "and back")
    expect(box(chat).locator(".log .name")).to_have_text(["Ann2", "Ann2"])
    names = [each.get("name") for each in chat.of("hello") if "identity" in each]
    assert names == [None, "Ann", "Ann2", "Ann2"]

    chat.page.evaluate("globalThis.isOut = true")
    box(chat).evaluate("(box) => box.client.reconnect()")
    expect(box(chat).locator(".problem")).to_have_text("Log in to take part.")
    expect(name).to_be_hidden()


def test_whose_name_somebody_else_has_comes_in_when_it_is_free(play: Play) -> None:
    chat = play()
    chat.taken["Ann"] = "Ann2"
    chat.page.clock.install()
    box(chat).evaluate(ENTER)
    chat.page.clock.run_for(1000)
    expect(box(chat).locator(".problem")).to_have_text("This name is taken.")
    expect(box(chat).locator("#name")).to_be_hidden()

    chat.taken.clear()
    chat.page.clock.run_for(16_000)

    expect(box(chat).locator("textarea")).to_be_visible()
    expect(box(chat).locator(".problem")).to_be_empty()


def test_a_box_in_shadow_trees_speaks_the_language_of_the_page(play: Play) -> None:
    chat = play('<div id="outer"></div>')

    chat.page.evaluate(
        """() => {
          document.documentElement.lang = "de";
          const inner = document.createElement("div");
          document.querySelector("#outer").attachShadow({ mode: "open" }).append(inner);
          inner.attachShadow({ mode: "open" }).innerHTML = "<mix-chat></mix-chat>";
        }"""
    )

    expect(box(chat).locator("label").first).to_have_text("Dein Name")


def test_a_language_is_found_by_what_it_is_a_kind_of_in_any_case_and_what_it_lacks_is_said_in_english(
    play: Play,
) -> None:
    tables = '{ "pt-BR": { send: "Enviar", search: undefined }, "zh-Hant": { send: "送出" }, zh: { send: "发送" } }'
    boxes = "".join(f'<mix-chat lang="{lang}"></mix-chat>' for lang in ("pt-br", "zh-Hant-TW", "zh-CN", "DE-at", "pt"))
    script = f'import {{ texts }} from "/chat/src/widget/widget.js"; Object.assign(texts, {tables});'
    chat = play(f'{boxes}<script type="module">{script}</script>')

    expect(box(chat).locator(".writing > button")).to_have_text(["Enviar", "送出", "发送", "Senden", "Send"])
    expect(box(chat).first.locator("header button").first).to_have_text("Search")


def test_a_box_keeps_its_style_and_its_connection_in_another_document_and_back(play: Play) -> None:
    chat = play("<mix-chat></mix-chat><iframe></iframe>")
    expect(box(chat).locator("#name")).to_be_visible()
    look = """async (isAway) => {
      globalThis.box ??= document.querySelector("mix-chat");
      globalThis.client ??= box.client;
      (isAway ? document.querySelector("iframe").contentDocument : document).body.append(box);
      await new Promise((done) => setTimeout(done, 50));
      const { overflowY } = getComputedStyle(box.shadowRoot.querySelector(".log"));
      return [overflowY, box.client === client];
    }"""

    assert [chat.page.evaluate(look, is_away) for is_away in (True, False)] == [["auto", True], ["auto", True]]


def test_a_guest_is_one_person_in_all_boxes_of_a_chat_however_its_url_is_written(play: Play) -> None:
    boxes = ("", 'url="/chat"', 'url="/chat/"', 'url="chat//"')
    chat = play("".join(f"<mix-chat {each}></mix-chat>" for each in boxes))

    box(chat).last.locator("#name").fill("Ann")
    box(chat).last.locator("#name").press("Enter")

    for each in range(len(boxes)):
        expect(box(chat).nth(each).locator("textarea")).to_be_visible()
    assert len({each["token"] for each in chat.of("hello") if each.get("name")}) == 1


def test_a_line_that_is_refused_while_a_message_is_edited_stays_beside_it(play: Play) -> None:
    chat = play()
    field, unsent = come_in(chat), box(chat).locator(".unsent .line")
    say(field, "hello")
    expect(box(chat).locator(".line .more")).to_be_attached()
    chat.refusals["say"] = {"code": "bad_command", "text": "There is no such command."}
    chat.go_away()
    say(field, "/nonsense")
    field.press("ArrowUp")
    field.fill("")

    chat.is_away = False
    box(chat).evaluate("(box) => box.client.connect()")

    expect(unsent).to_contain_text("There is no such command.")
    expect(field).to_have_value("")
    expect(box(chat).locator(".problem")).to_be_empty()
    field.press("Escape")
    expect(unsent.locator(".text")).to_have_text("/nonsense")
    expect(field).to_have_value("")


def test_what_was_not_sent_when_a_box_is_removed_is_its_draft_when_it_comes_back(play: Play) -> None:
    chat = play()
    field = come_in(chat)
    chat.go_away()
    say(field, "one")
    say(field, "two")
    field.fill("a draft")
    expect(box(chat).locator(".unsent .line")).to_have_count(2)

    box(chat).evaluate("(box) => (globalThis.box = box, box.remove())")
    chat.page.wait_for_function("() => box.client === null")
    chat.is_away = False
    chat.page.evaluate("document.body.append(box)")

    expect(field).to_have_value("one\ntwo\na draft")
    expect(box(chat).locator(".unsent .line")).to_have_count(0)


def test_what_was_not_sent_when_a_page_is_left_is_its_draft_when_one_comes_back(play: Play) -> None:
    chat = play()
    field = come_in(chat)
    chat.go_away()
    say(field, "one")
    field.fill("a draft")
    # As where the browser keeps the page in its cache.
    chat.page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    expect(field).to_have_value("one\na draft")
    expect(box(chat).locator(".unsent .line")).to_have_count(0)
    say(field, "two")
    expect(box(chat).locator(".unsent .line")).to_have_count(1)

    chat.page.reload()
    chat.is_away = False
    come_in(chat)

    expect(field).to_have_value("two")


def test_a_line_that_was_sent_when_a_box_is_removed_is_no_draft_and_no_other_is_sent(play: Play) -> None:
    chat = play()
    field = come_in(chat)
    line = "document.querySelector('mix-chat').client.outbox.of('lobby')[0]"
    chat.refusals["say"] = {"code": "busy", "text": "Later.", "wait": 1}
    say(field, "one")
    chat.page.wait_for_function(f"() => {line}?.tries === 1")
    chat.is_mute = True
    say(field, "two")
    say(field, "three")
    chat.page.wait_for_function(f"() => {line}.state === 'sending'")

    box(chat).evaluate("(box) => (globalThis.box = box, box.remove())")
    chat.page.wait_for_function("() => box.client === null")
    chat.is_mute = False
    chat.page.evaluate("document.body.append(box)")

    expect(field).to_have_value("two\nthree")
    assert [each["text"] for each in chat.of("say")] == ["one", "one"]


def test_where_the_style_does_not_size_a_field_it_is_as_high_as_its_text_whenever_it_is_seen(play: Play) -> None:
    chat = play(f"{WITHOUT_FIELD_SIZING}<mix-chat></mix-chat>")
    field = come_in(chat)

    def is_as_high_as(lines: int) -> None:
        height = "(box, lines) => box.shadowRoot.querySelector('textarea').offsetHeight > lines * 20"
        chat.page.wait_for_function(f"(lines) => ({height})(document.querySelector('mix-chat'), lines)", arg=lines)

    is_as_high_as(1)
    field.fill("a\nb\nc")
    is_as_high_as(3)
    chat.page.reload()
    come_in(chat)
    is_as_high_as(3)


def test_new_messages_leads_from_what_was_found_to_the_newest_and_goes_on_with_them(play: Play) -> None:
    chat = play()
    chat.bob_says("a needle", *(f"line {number}" for number in range(300)))
    come_in(chat)
    box(chat).get_by_role("button", name="Search").click()
    say(box(chat).locator("#sought"), "needle")
    box(chat).locator(".hit").click()
    expect(box(chat).locator(".sought")).to_be_in_viewport()

    box(chat).locator(".newest").click()

    expect(texts(chat).last).to_have_text("line 299")
    expect(texts(chat).last).to_be_in_viewport()
    chat.bob_says("one more")
    expect(texts(chat).last).to_have_text("one more")
    expect(texts(chat).last).to_be_in_viewport()
    expect(box(chat).locator(".newest")).to_be_hidden()


def test_a_box_that_is_moved_goes_on_where_its_reader_is(play: Play) -> None:
    chat = play("<mix-chat></mix-chat><main></main>")
    chat.bob_says(*(f"line {number}" for number in range(50)))
    come_in(chat)
    log, move = box(chat).locator(".log"), "document.querySelector('main').append(document.querySelector('mix-chat'))"
    expect(texts(chat).last).to_be_in_viewport()

    chat.page.evaluate(move)
    expect(texts(chat).last).to_be_in_viewport()
    chat.bob_says("one more")
    expect(texts(chat).last).to_have_text("one more")
    expect(texts(chat).last).to_be_in_viewport()

    log.evaluate("(log) => new Promise((done) => (log.addEventListener('scroll', done), (log.scrollTop = 300)))")
    chat.page.evaluate(move)
    chat.bob_says("another one")
    expect(texts(chat).last).to_have_text("another one")
    assert log.evaluate("(log) => log.scrollTop") == 300


def test_a_panel_that_cannot_be_loaded_says_what_helps_and_nothing_any_more_once_it_is_there(play: Play) -> None:
    chat = play()
    come_in(chat)
    search, problem = box(chat).get_by_role("button", name="Search"), box(chat).locator(".problem")
    chat.page.route("**/panels.js", lambda route: route.fulfill(status=404))
    search.click()
    expect(problem).to_have_text("This cannot be loaded now. Load the page again when you are online.")

    chat.page.unroute("**/panels.js")
    search.click()

    expect(box(chat).locator("#sought")).to_be_focused()
    expect(problem).to_have_text("")


def test_escape_in_a_panel_of_a_box_leaves_the_dialog_open_that_the_box_is_in(play: Play) -> None:
    chat = play("<dialog><mix-chat></mix-chat></dialog>")
    chat.page.evaluate("document.querySelector('dialog').showModal()")
    come_in(chat)
    search = box(chat).get_by_role("button", name="Search")
    search.click()
    expect(box(chat).locator("#sought")).to_be_focused()

    chat.page.keyboard.press("Escape")

    expect(search).to_be_focused()
    assert chat.page.evaluate("document.querySelector('dialog').open")


def test_the_focus_stays_at_the_message_when_its_menu_or_the_question_before_its_deletion_goes(play: Play) -> None:
    chat = play()
    say(come_in(chat), "hello")
    line = box(chat).locator(".log > ol:not(.unsent) .line")
    more, press = line.locator(".more"), chat.page.keyboard.press
    expect(more).to_be_attached()

    def ask_whether_to_delete() -> None:
        more.focus()
        press("Enter")
        press("End")
        press("Enter")
        expect(box(chat).locator(".question button").first).to_be_focused()

    more.focus()
    press("Enter")
    expect(box(chat).get_by_role("menuitem").first).to_be_focused()
    press("Escape")
    expect(more).to_be_focused()
    ask_whether_to_delete()
    press("Tab")
    press("Enter")
    expect(line).to_be_focused()
    ask_whether_to_delete()
    press("Enter")
    expect(line).to_be_focused()


def test_what_is_said_is_announced_once_and_what_was_said_before_is_not(play: Play) -> None:
    chat = play()
    chat.bob_says(*(f"line {number}" for number in range(150)))
    log = box(chat).locator(".log")
    log.evaluate(LISTEN)
    say(box(chat).locator("#name"), "Ann")
    expect(texts(chat).first).to_have_text("line 50")
    expect(log).to_have_attribute("aria-live", "polite")
    say(box(chat).locator("textarea"), "hello")
    expect(texts(chat).last).to_have_text("hello")
    expect(box(chat).locator(".unsent")).to_have_attribute("aria-live", "off")

    box(chat).locator(".earlier").click()

    expect(texts(chat).first).to_have_text("line 0")
    assert chat.page.evaluate("heard") == ["off", "polite", "off"]


def test_a_time_has_its_date_where_that_is_not_today(play: Play) -> None:
    chat = play()
    chat.page.clock.set_fixed_time("2026-11-30T12:30:00Z")
    times = box(chat).locator(".line time")
    come_in(chat)

    chat.bob_says("today")
    expect(times).to_have_text([re.compile(r"^\d\d:\d\d.[AP]M$")])
    chat.page.clock.set_fixed_time("2026-12-01T12:30:00Z")
    chat.bob_says("the same day")
    expect(times).to_have_text(2 * [re.compile(r"^Nov 30, 2026, \d+:\d\d.[AP]M$")])


def test_what_is_typed_while_an_edit_is_on_its_way_is_an_edit_of_what_was_sent(play: Play) -> None:
    chat = play()
    field = come_in(chat)
    say(field, "hello")
    expect(box(chat).locator(".line .more")).to_be_attached()
    field.press("ArrowUp")
    field.fill("hello you")
    box(chat).evaluate("(box) => box.client.on('event', ({ of }) => (globalThis.isEdited ||= of === 'edit'))")
    field.evaluate(
        """(field) => {
          field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
          field.value += " and all";
          field.dispatchEvent(new InputEvent("input"));
        }"""
    )
    chat.page.wait_for_function("() => globalThis.isEdited")
    expect(field).to_have_value("hello you and all")

    say(field, "hello")

    expect(field).to_have_value("")
    assert [each["text"] for each in chat.of("edit")] == ["hello you", "hello"]


def test_the_text_of_before_is_an_edit_too_while_another_one_is_on_its_way(play: Play) -> None:
    chat = play()
    field = come_in(chat)
    say(field, "hello")
    expect(box(chat).locator(".line .more")).to_be_attached()
    field.press("ArrowUp")

    field.evaluate(
        """(field) => {
          for (const text of ["hello you", "hello"]) {
            field.value = text;
            field.dispatchEvent(new InputEvent("input"));
            field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
          }
        }"""
    )

    expect(field).to_have_value("")
    assert [each["text"] for each in chat.of("edit")] == ["hello you", "hello"]


def test_a_message_is_marked_while_it_calls_the_reader_also_after_edits(play: Play) -> None:
    chat = play()
    come_in(chat)
    line = box(chat).locator(".log > ol:not(.unsent) .line")
    chat.bob_says("hello")
    expect(line).to_have_class("line")

    for text in ("hello @Ann", "hello", "hello @Ann and all"):
        chat.tell({"type": "edited", "room": "lobby", "number": 1, "text": text})
        expect(line.locator(".text")).to_contain_text(f"{text} edited")
        assert ("calls" in (line.get_attribute("class") or "").split()) == ("@" in text)

    chat.tell({"type": "deleted", "room": "lobby", "number": 1, "by": "Bob", "topic": ""})
    expect(line.locator(".deleted")).to_be_visible()
    expect(line).to_have_class("line")


def test_what_is_said_while_a_box_is_not_seen_is_read_when_it_is_seen_again(play: Play) -> None:
    chat = play()
    come_in(chat)
    unread = "document.querySelector('mix-chat').client.rooms.get('lobby').unread"
    chat.bob_says("hello")
    expect(texts(chat)).to_have_text(["hello"])
    assert chat.page.evaluate(unread) == 0

    box(chat).evaluate("(box) => (box.style.display = 'none')")
    chat.bob_says("are you there?")
    expect(texts(chat)).to_have_text(["hello", "are you there?"])
    assert chat.page.evaluate(unread) == 1

    box(chat).evaluate("(box) => (box.style.display = '')")
    chat.page.wait_for_function(f"() => {unread} === 0")
