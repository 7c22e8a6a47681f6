"""What the browser's client asks and tells, in its modules; the server is in the test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser

from mixsvc.common.names import ROOM_NAMES
from tests.e2e.support.modules import open_stage

STAGE: Final = """<!doctype html><title>Client</title>
<script type="module">
import { Chat } from "/client/chat.js";
const PAGE = { topic: "", first: 1, last: 2, epoch: "e", token: "t", reset: false };
const ONE = { number: 2, name: "Bob", text: "Hello", time: "2026-11-22T15:43:00.123Z" };
globalThis.made = (identify = null) => {
  const [sent, told, timers] = [[], [], new Set()];
  let [keys, now] = [0, 0];
  const world = {
    send: (text) => sent.push(JSON.parse(text)),
    drop: () => told.push(["drop"]),
    later: (ms, call) => {
      const timer = { due: now + ms, call };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    newKey: () => `key ${(keys += 1)}`,
  };
  const audience = new Proxy({}, { get: (_, name) => (...all) => void told.push([name, ...all]) });
  const chat = new Chat(world, audience, identify);
  const hear = (type, fields = {}) => chat.received(JSON.stringify({ type, ...fields }));
  return {
    chat,
    hear,
    sent,
    asked: (type) => sent.filter((each) => each.type === type),
    told: (name) => told.filter((each) => each[0] === name).map((each) => each.slice(1)),
    welcome: (more) => hear("welcome", { name: "Ann", rooms: ["lobby"], max_text: 2000, moderator: false, ...more }),
    joined: (room, more) => hear("joined", { room, members: ["Ann"], count: 1, messages: [ONE], ...PAGE, ...more }),
    refused: (of, code, more) => hear("error", { of, code, text: `No: ${code}.`, ...more }),
    pass(seconds) {
      now += 1000 * seconds;
      [...timers].filter(({ due }) => due <= now).forEach((timer) => timers.delete(timer) && timer.call());
    },
    /** In the lobby. */
    inside() {
      chat.enter("Ann", "");
      chat.opened();
      this.welcome();
      chat.join("lobby");
      this.joined("lobby");
      sent.length = told.length = 0;
    },
  };
};
globalThis.end = (promise) =>
  Promise.race([
    promise.then((value) => value?.name ?? value ?? "done", ({ code, message }) => [code, message]),
    new Promise((resolve) => setTimeout(resolve, 0, "waits")),
  ]);
globalThis.tick = () => new Promise((resolve) => setTimeout(resolve));
globalThis.isReady = true;
</script>"""

Stage = Callable[[str], Any]


@pytest.fixture(scope="module")
def stage(chrome: Browser, installed: Path) -> Iterator[Stage]:
    """Runs a script with a client `it`; returns what the script returns."""
    with open_stage(chrome, installed, STAGE) as page:
        yield lambda script: page.evaluate(f"async () => {{ const it = made(); const {{ chat }} = it; {script} }}")


@pytest.mark.parametrize("about", ["", "room: 'lobby', number: 2"])
def test_a_deletion_by_a_moderator_is_done_whether_or_not_the_server_names_the_message(
    stage: Stage, about: str
) -> None:
    done = stage(
        f"""it.inside();
        const removed = chat.remove("lobby", 2), edited = chat.edit("lobby", 1, "x");
        it.hear("done", {{ of: "delete", {about} }});
        it.hear("done", {{ of: "edit", room: "lobby", number: 1 }});
        return [await end(removed), await end(edited)];"""
    )

    assert done == ["done", "done"]


def test_what_messages_have_said_comes_to_whoever_asked_for_it(stage: Stage) -> None:
    ends, other, asked = stage(
        """it.inside();
        const asked = [2, 1, 1].map((number) => chat.texts("lobby", number));
        it.hear("edits", { room: "lobby", number: 2, texts: ["two"] });
        it.refused("edits", "not_allowed", { room: "lobby" });
        chat.lost();
        const ends = await Promise.all([...asked, chat.texts("lobby", 1)].map(end));
        return [ends, it.told("other"), it.asked("edits").map(({ number }) => number)];"""
    )

    lost = ["lost", "There is no connection now. Try again when you are online."]
    assert ends == [["two"], ["not_allowed", "No: not_allowed."], lost, lost]
    assert (other, asked) == ([], [2, 1, 1])


def test_whoever_is_not_in_the_chat_is_told_so_and_not_that_there_is_no_connection(stage: Stage) -> None:
    nameless, away = stage(
        """const ask = () =>
          Promise.all([
            end(chat.history("lobby")),
            end(chat.search("word")),
            end(chat.edit("lobby", 1, "text")),
            end(chat.remove("lobby", 1)),
            end(chat.texts("lobby", 1)),
          ]);
        chat.opened();
        const nameless = await ask();
        it.inside();
        chat.lost();
        return [nameless, await ask()];"""
    )

    assert nameless == [["no_name", "Enter the chat first."]] * 5
    assert away == [["lost", "There is no connection now. Try again when you are online."]] * 5


def test_what_is_asked_about_a_message_that_is_no_number_is_refused_and_the_next_is_answered(stage: Stage) -> None:
    ends = stage(
        """it.inside();
        const asked = [chat.remove("lobby", NaN), chat.remove("lobby", 2)];
        it.refused("delete", "bad_field", { room: "lobby" });
        it.hear("done", { of: "delete", room: "lobby", number: 2 });
        return Promise.all(asked.map(end));"""
    )

    assert ends == [["bad_field", "No: bad_field."], "done"]


def test_whoever_greets_a_busy_server_greets_again_after_growing_pauses_until_it_knows(stage: Stage) -> None:
    pauses, phases, welcome = stage(
        """chat.enter("Ann", "");
        chat.opened();
        const pauses = [];
        for (let tries = 1; tries < 8; tries += 1) {
          it.refused("hello", "busy");
          for (pauses.push(0); it.asked("hello").length === tries; await tick()) {
            it.pass(0.5);
            pauses[tries - 1] += 0.5;
          }
        }
        it.welcome();
        return [pauses, it.told("phase").map(([phase]) => phase), chat.phase];"""
    )

    assert pauses[0] <= 1 and pauses[3] >= 4 and max(pauses) <= 15
    assert "nameless" not in phases and welcome == "here"


def test_what_was_said_while_one_was_away_is_told_also_to_whoever_reads_older_messages(stage: Stage) -> None:
    told, kept, unread = stage(
        """it.inside();
        const room = chat.rooms.get("lobby");
        const said = (number) => ({ number, name: "Bob", text: "", time: "2026-11-30T12:00:00Z" });
        it.hear("message", { room: "lobby", ...said(3) });
        room.turnTo({ messages: [said(1)], first: 1, last: 3 });
        chat.lost();
        chat.opened();
        it.welcome();
        it.joined("lobby", { messages: [said(4), said(5)], last: 5 });
        const told = it.told("heard").map(([, { number }, isLive]) => [number, isLive]);
        return [told, room.messages.map(({ number }) => number), room.unread];"""
    )

    assert told == [[3, True], [4, False], [5, False]]
    assert (kept, unread) == ([1], 3)


def test_a_page_that_was_asked_for_on_another_connection_does_not_keep_the_next_one_away(stage: Stage) -> None:
    asked, kept = stage(
        """it.inside();
        const room = chat.rooms.get("lobby");
        chat.turnPage(room, "older");
        chat.lost();
        await tick();
        chat.opened();
        it.welcome();
        it.joined("lobby");
        it.pass(1);
        chat.turnPage(room, "older");
        it.pass(2);
        const one = { number: 1, name: "Bob", text: "Hello", time: "2026-11-30T12:00:00Z" };
        it.hear("history", { room: "lobby", messages: [one], first: 1, last: 2 });
        await tick();
        return [it.asked("history").length, room.messages.map(({ number }) => number)];"""
    )

    assert (asked, kept) == (2, [1, 2])


@pytest.mark.parametrize(
    "waiting",
    [
        # For whoever logs in, perhaps in another window.
        "const it = made(() => new Promise(() => {})); it.chat.enter(); it.chat.opened(); await tick();",
        "it.chat.enter('Ann', ''); it.chat.opened(); it.refused('hello', 'slow_down', { wait: 60 });",
        "it.inside(); chat.join('den'); it.refused('join', 'slow_down', { room: 'den', wait: 60 });",
    ],
)
def test_a_connection_on_which_nothing_is_asked_is_kept_however_long_it_waits(stage: Stage, waiting: str) -> None:
    dropped, asked = stage(
        f"""{{ {waiting}
          for (let seconds = 0; seconds < 55; seconds += 5) {{
            if (seconds % 25 === 0) {{
              it.chat.ping();
              it.hear("pong");
            }}
            it.pass(5);
          }}
          const before = it.sent.length;
          it.pass(10);
          return [it.told("drop"), it.sent.length - before]; }}"""
    )

    assert dropped == [] and asked == ("made(" not in waiting)


@pytest.mark.parametrize("answer", ["it.welcome()", "it.refused('hello', 'name_taken')", "it.refused('hello', 'busy')"])
def test_an_answer_to_the_hello_of_somebody_who_has_gone_counts_no_more(stage: Stage, answer: str) -> None:
    phases, told, hellos = stage(
        f"""chat.enter("Ann", "");
        chat.opened();
        chat.quit();
        {answer};
        it.pass(20);
        const told = [...it.told("welcome"), ...it.told("nameRefused")];
        return [it.told("phase").map(([phase]) => phase), told, it.asked("hello").length];"""
    )

    assert phases == ["away", "greeting", "nameless"]
    assert (told, hellos) == ([], 1)


def test_what_waits_for_a_room_that_is_refused_has_failed(stage: Stage) -> None:
    ends, told, states = stage(
        """it.inside();
        chat.lost();
        const said = [chat.say("lobby", "one"), chat.say("lobby", "two")];
        chat.opened();
        it.welcome();
        it.refused("join", "not_allowed", { room: "lobby" });
        const failed = chat.outbox.of("lobby").map(({ state, reason }) => [state, reason]);
        return [await Promise.all(said.map(end)), it.told("roomRefused"), failed];"""
    )

    assert ends == 2 * [["not_allowed", "No: not_allowed."]]
    assert told == [["lobby", "No: not_allowed.", "", "not_allowed"]]
    assert states == 2 * [["failed", "No: not_allowed."]]


def test_in_a_room_that_one_is_not_in_nothing_waits(stage: Stage) -> None:
    ends, is_empty = stage(
        """it.inside();
        const never = chat.say("den", "text");
        it.hear("kicked", { room: "lobby", name: "Ann", by: "Mia", reason: "" });
        return [[await end(never), await end(chat.say("lobby", "text"))], chat.outbox.isEmpty];"""
    )

    assert [code for code, _ in ends] == ["not_inside", "not_inside"] and is_empty


@pytest.mark.parametrize("end_of_wait", ["it.pass(2)", "chat.lost()", "chat.retry(chat.outbox.of('lobby')[0])"])
def test_what_waits_for_a_room_that_one_is_put_out_of_has_failed(stage: Stage, end_of_wait: str) -> None:
    ends, states = stage(
        f"""it.inside();
        const said = [chat.say("lobby", "sent"), chat.say("lobby", "sent, too")];
        it.refused("say", "slow_down", {{ room: "lobby", key: chat.outbox.of("lobby")[0].key, wait: 1 }});
        it.hear("kicked", {{ room: "lobby", name: "Ann", by: "Mia", reason: "" }});
        it.refused("say", "slow_down", {{ room: "lobby", key: chat.outbox.of("lobby")[1].key, wait: 1 }});
        {end_of_wait};
        return [await Promise.all(said.map(end)), chat.outbox.of("lobby").map(({{ state }}) => state)];"""
    )

    assert [code for code, _ in ends] == ["not_inside", "not_inside"]
    assert states == ["failed", "failed"]


@pytest.mark.parametrize("name", ["x" * 65, "\\ud800x"])
def test_a_room_that_the_server_cannot_read_is_refused_in_the_servers_words(stage: Stage, name: str) -> None:
    ends, rooms, told, corrected = stage(
        f"""it.inside();
        const name = "{name}";
        const asked = [chat.join(name), chat.history(name), chat.edit(name, 1, "x"), chat.remove(name, 1)];
        const corrected = chat.edit("lobby", 1, "x");
        it.hear("done", {{ of: "edit", room: "lobby", number: 1 }});
        const ends = await Promise.all(asked.map(end));
        return [ends, [...chat.rooms.keys()], it.told("roomRefused"), await end(corrected)];"""
    )

    assert ends == 4 * [["bad_room", ROOM_NAMES]]
    assert rooms == ["lobby"] and corrected == "done"
    assert [refused[1:] for refused in told] == [[ROOM_NAMES, "", "bad_room"]]


def test_a_room_that_is_left_while_its_join_waits_is_not_joined(stage: Stage) -> None:
    ended, joins = stage(
        """it.inside();
        const joined = chat.join("den");
        it.refused("join", "slow_down", { room: "den", wait: 1 });
        chat.leave("den");
        it.pass(2);
        return [await end(joined), it.asked("join").length];"""
    )

    assert ended == ["left", "The room was left."] and joins == 1


def test_a_text_that_the_server_would_not_take_is_not_sent(stage: Stage) -> None:
    ends, told, sent = stage(
        """chat.enter("Ann", "");
        chat.join("lobby");
        const said = chat.say("lobby", "x".repeat(2001));
        chat.opened();
        it.welcome();
        it.joined("lobby");
        const edited = chat.edit("lobby", 2, "x".repeat(2003));
        return [[await end(said), await end(edited)], it.told("lineRefused"), it.sent.map(({ type }) => type)];"""
    )

    assert ends == [["not_taken", f"This is too long by {excess} characters."] for excess in ("1", "3")]
    assert [text for text, _ in told] == ["This is too long by 1 characters."]
    assert not {"say", "edit"} & set(sent)
