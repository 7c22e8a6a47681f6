// @ts-check
/** The chat on the page: its connection, its protocol and its view, put together. */

import { Chat } from "./chat.js";
import { Connection } from "./connection.js";
import { ChatView, element } from "./view.js";

const section = element("chat", HTMLElement);

/** @type {ChatView} */
const view = new ChatView({
  enter: (name) => chat.enter(name),
  say: (text) => chat.say(text),
});

/** @type {Chat} */
const chat = new Chat(
  {
    send: (text) => connection.send(text),
    drop: () => connection.drop(),
    later: (ms, call) => {
      const timer = setTimeout(call, ms);
      return () => clearTimeout(timer);
    },
    new_key,
  },
  view,
);

/** @type {Connection} */
const connection = new Connection(section.dataset["prefix"] ?? "", {
  opened: () => chat.opened(),
  received: (text) => chat.received(text),
  lost: () => chat.lost(),
  status: (status) => view.status(status),
});

connection.open();
// The network is back: no need to sit the wait out.
addEventListener("online", () => connection.open());

/** A key for a message. randomUUID exists on secure origins only, and the page may be served by plain http. */
function new_key() {
  if ("randomUUID" in crypto) {
    return crypto.randomUUID();
  }
  const bytes = /** @type {Crypto} */ (crypto).getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
