"""The browser's client and its listeners, on WebSockets and a clock of the test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser

from tests.e2e.support.modules import open_stage

STAGE: Final = """<!doctype html><title>Client</title>
<script type="module">
import { ChatClient } from "/client/client.js";
const [soon, timers] = [setTimeout, new Map()];
let now = 0;
globalThis.tick = () => new Promise((resolve) => soon(resolve));
globalThis.setTimeout = (call, ms = 0) => {
  const key = timers.size + Math.random();
  timers.set(key, { due: now + ms, call });
  return key;
};
globalThis.clearTimeout = (key) => timers.delete(key);
performance.now = () => now;
globalThis.pass = (seconds) => {
  const until = now + 1000 * seconds;
  for (;;) {
    const [next] = [...timers].filter(([, { due }]) => due <= until).sort(([, a], [, b]) => a.due - b.due);
    if (!next) {
      break;
    }
    timers.delete(next[0]);
    now = Math.max(now, next[1].due);
    next[1].call();
  }
  now = until;
};
/** No timer is called, as in a tab that is not seen. */
globalThis.doze = (seconds) => (now += 1000 * seconds);
globalThis.WebSocket = class {
  CONNECTING = 0;
  readyState = 1;
  isClosed = false;
  sent = [];
  constructor() {
    sockets.push(this);
  }
  send(text) {
    this.sent.push(...JSON.parse(text).map(JSON.parse));
  }
  close() {
    this.isClosed = true;
  }
  open() {
    this.isClosed || this.onmessage({ data: "o" });
  }
  hear(type, fields) {
    this.isClosed || this.onmessage({ data: `a${JSON.stringify([JSON.stringify({ type, ...fields })])}` });
  }
  refuse(code) {
    this.hear("error", { of: "hello", code, text: `No: ${code}.` });
  }
  welcome(name = "Ann") {
    this.hear("welcome", { name, rooms: ["lobby"], max_text: 2000, moderator: false, epoch: "e" });
  }
};
/** A client that has the clock and sockets of its own. */
globalThis.made = (token) => {
  timers.clear();
  globalThis.sockets = [];
  return new ChatClient({ url: "/chat", token });
};
globalThis.isReady = true;
</script>"""

Stage = Callable[[str], Any]


@pytest.fixture(scope="module")
def stage(chrome: Browser, installed: Path) -> Iterator[Stage]:
    """Runs a script; returns what the script returns."""
    with open_stage(chrome, installed, STAGE) as page:
        yield lambda script: page.evaluate(f"async () => {{ {script} }}")


@pytest.mark.parametrize(
    ("type", "condition", "way"),
    [
        ("status", "state === 'connecting'", "drop"),
        ("status", "state === 'online'", "drop"),
        ("status", "state === 'offline'", "drop"),
        ("phase", "phase === 'here'", "drop"),
        ("event", "type === 'welcome'", "drop"),
        ("welcome", "true", "drop"),
        ("lost", "true", "drop"),
        ("lost", "true", "reconnect"),
    ],
)
def test_a_listener_that_closes_the_client_has_closed_it(stage: Stage, type: str, condition: str, way: str) -> None:
    state, phase, sockets = stage(
        f"""const client = made();
        client.on("{type}", ({{ state, phase, type }}) => {condition} && client.close());
        client.connect();
        client.enter("Ann");
        await tick();
        sockets[0]?.open();
        sockets[0]?.welcome();
        client.status.state === "closed" || client.{way}();
        pass(60);
        await tick();
        return [client.status.state, client.phase, sockets.map((each) => each.isClosed)];"""
    )

    assert (state, phase) == ("closed", "away")
    assert all(sockets) and len(sockets) <= 1


def test_a_listener_that_connects_again_when_the_connection_is_lost_has_one(stage: Stage) -> None:
    state, sockets = stage(
        """const client = made();
        client.on("lost", () => client.connect());
        client.connect();
        await tick();
        sockets[0].open();
        client.close();
        await tick();
        sockets[1].open();
        return [client.status.state, sockets.map((each) => each.isClosed)];"""
    )

    assert (state, sockets) == ("online", [True, False])


def test_a_listener_that_throws_stops_neither_the_client_nor_other_listeners(stage: Stage) -> None:
    sent, heard, reported = stage(
        """const client = made(), heard = new Set(), reported = [];
        const types = ["status", "phase", "event", "welcome", "change", "lost"];
        for (const type of types) {
          client.on(type, () => { throw new Error(type); });
          client.on(type, () => heard.add(type));
        }
        const report = (event) => event.preventDefault(reported.push(event.message));
        addEventListener("error", report);
        client.connect();
        client.enter("Ann");
        client.join("lobby");
        await tick();
        sockets[0].open();
        sockets[0].welcome();
        client.drop();
        pass(1);
        await tick();
        sockets[1].open();
        sockets[1].welcome();
        removeEventListener("error", report);
        client.close();
        return [sockets[1].sent.map(({ type }) => type), [...heard], reported];"""
    )

    assert sent[:2] == ["hello", "join"]
    assert len(heard) == 6 and {f"Uncaught Error: {type}" for type in heard} == set(reported)


@pytest.mark.parametrize(
    ("before", "name", "sockets", "hellos"),
    [
        # A double click.
        ("", "Ann", 1, [["Ann"]]),
        ("sockets[0].welcome();", "Ann", 1, [["Ann"]]),
        ("", "Bob", 2, [["Ann"], ["Bob"]]),
        ("sockets[0].welcome();", "Bob", 2, [["Ann"], ["Bob"]]),
        ("client.quit();", "Ann", 2, [["Ann"], ["Ann"]]),
        ("sockets[0].refuse('name_taken');", "Bob", 1, [["Ann", "Bob"]]),
        ("sockets[0].refuse('slow_down');", "Bob", 1, [["Ann", "Bob"]]),
    ],
)
def test_on_one_connection_one_says_hello_until_it_is_taken(
    stage: Stage, before: str, name: str, sockets: int, hellos: list[list[str]]
) -> None:
    said, phase = stage(
        f"""const client = made();
        client.connect();
        client.enter("Ann", "a secret of Ann's");
        await tick();
        sockets[0].open();
        {before}
        client.enter("{name}", "a secret of Ann's");
        await tick();
        sockets[1]?.open();
        pass(2);
        sockets.at(-1).welcome("{name}");
        pass(2);
        const hellos = sockets.map(({{ sent }}) => sent.filter(({{ type }}) => type === "hello"));
        return [hellos.map((each) => each.map(({{ name }}) => name)), client.phase];"""
    )

    assert (said, phase) == (hellos, "here")
    assert len(said) == sockets


@pytest.mark.parametrize("brought", ["{}", "42", "'x'.repeat(100_000)", "'refused'", "Promise.reject(new Error('no'))"])
def test_what_is_no_token_is_asked_for_again(stage: Stage, brought: str) -> None:
    failures, names, phase = stage(
        f"""const failures = [];
        const client = made(() => failures.length ? "a token" : {brought});
        client.on("tokenFailed", (error) => failures.push(error instanceof Error));
        client.connect();
        client.enter();
        await tick();
        sockets[0].open();
        await tick();
        sockets[0].sent.length && sockets[0].refuse("bad_field");
        pass(5);
        await tick();
        sockets[0].welcome();
        return [failures, sockets[0].sent.map(({{ identity }}) => identity), client.phase];"""
    )

    assert (failures, phase) == ([True], "here")
    assert [name for name in names if name] == (["refused"] if "refused" in brought else []) + ["a token"]


def test_a_client_whose_timers_come_late_comes_back_when_it_was_asked_to(stage: Stage) -> None:
    told, state = stage(
        """const client = made(), told = [];
        client.connect();
        await tick();
        sockets[0].open();
        sockets[0].hear("goodbye", { retry: 20 });
        client.on("status", ({ seconds }) => told.push(seconds));
        client.drop();
        for (let late = 0; late < 2; late += 1) {
          doze(9);
          pass(1);
        }
        const { state } = client.status;
        client.close();
        return [told, state];"""
    )

    assert told[:2] == [20, 11]
    assert state == "connecting"


def test_a_session_names_one_anew_on_each_connection(stage: Stage) -> None:
    hello = stage(
        """const client = made();
        client.connect();
        client.enter();
        await tick();
        sockets[0].open();
        sockets[0].welcome("Ann");
        client.reconnect();
        await tick();
        sockets[1].open();
        return sockets[1].sent[0];"""
    )

    assert hello == {"type": "hello"}
