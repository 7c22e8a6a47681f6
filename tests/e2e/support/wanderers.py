"""Chatters in a page, each over one fallback transport of sockjs-client, who go on when a session is lost."""

import json
from collections.abc import Mapping
from typing import Any, Final

from playwright.sync_api import Page

from tests.e2e.support.waiting import wait_until

__all__ = ["TRANSPORTS", "Wanderers"]

TRANSPORTS: Final = ("xhr-streaming", "eventsource", "htmlfile", "xhr-polling", "jsonp-polling")

# Each says something twice a second, and says again in the next session what was not acknowledged.
SCRIPT: Final = """
([prefix, sessions]) => {
  const origin = new URL(prefix, location.href).href;
  globalThis.wanderers = Object.entries(sessions).map(([transport, session]) => {
    const record = {transport, opened: 0, closes: [], numbers: [], unsaid: new Set(), talks: true, count: 0};
    const connect = (id) => {
      const options = {transports: [transport], timeout: 60000, ...(id ? {sessionId: () => id} : {})};
      const socket = new SockJS(origin, null, options);
      const ask = (fields) => socket.send(JSON.stringify(fields));
      const say = (key) => ask({type: "say", room: "lobby", text: key, key});
      let timer;
      socket.onopen = () => {
        record.opened += 1;
        ask({type: "hello", name: transport, token: `the token of ${transport}`});
        ask({type: "join", room: "lobby", since: record.numbers.at(-1) ?? 0});
        record.unsaid.forEach(say);
        timer = setInterval(() => {
          if (record.talks) {
            record.count += 1;
            const key = `${transport} ${record.count}`;
            record.unsaid.add(key);
            say(key);
          }
        }, 500);
      };
      socket.onmessage = (event) => {
        const message = JSON.parse(event.data);
        if (message.type === "joined") { record.numbers.push(...message.messages.map((each) => each.number)); }
        if (message.type === "message") { record.numbers.push(message.number); }
        if (message.type === "said") { record.unsaid.delete(message.key); }
      };
      socket.onclose = (event) => {
        clearInterval(timer);
        record.closes.push([event.code, event.reason]);
        connect();
      };
    };
    connect(session);
    return record;
  });
}
"""


class Wanderers:
    """One person for each transport, in the lobby. The page has sockjs-client, and no CSP that forbids iframes."""

    def __init__(self, page: Page, prefix: str, sessions: Mapping[str, str]) -> None:
        """sessions: the name of the first session over each transport."""
        self._page = page
        page.evaluate(SCRIPT, [prefix, dict(sessions)])

    def records(self) -> dict[str, dict[str, Any]]:
        """By transport: how often it `opened`, the `closes` (code, reason), and the `numbers` that came."""
        text = self._page.evaluate("JSON.stringify(globalThis.wanderers, (_, v) => v instanceof Set ? [...v] : v)")
        return {each["transport"]: each for each in json.loads(text)}

    def wait_for(self, opened: int) -> None:
        """Until each has opened so many sessions, and messages have come since."""
        before = {name: len(each["numbers"]) for name, each in self.records().items()}

        def done() -> bool:
            now = self.records()
            return all(now[name]["opened"] >= opened and len(now[name]["numbers"]) > before[name] for name in before)

        wait_until(done, f"not all have opened {opened} sessions")

    def finish(self) -> None:
        """Say nothing more, and wait until all is acknowledged and has come to all."""
        self._page.evaluate("globalThis.wanderers.forEach((each) => { each.talks = false; })")

        def done() -> bool:
            now = self.records().values()
            return not any(each["unsaid"] for each in now) and len({max(each["numbers"]) for each in now}) == 1

        wait_until(done, "something was not acknowledged, or did not come to all")
