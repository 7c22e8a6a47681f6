// @ts-check
/** The chat on the page: its connection, its protocol and its view, put together. */

import { Chat } from "./chat.js";
import { Connection } from "./connection.js";
import { choose_name, random_text, remembered_name, window_token } from "./session.js";
import { ChatView, element } from "./view.js";

const section = element("chat", HTMLElement);
const session_url = section.dataset["session"] ?? "";

/** @type {ChatView} */
const view = new ChatView({
  enter,
  rename,
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
    new_key: random_text,
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

/** How many names were asked for: an answer counts while its question is the newest. */
let questions = 0;

/** @param {string} name */
async function enter(name) {
  questions += 1;
  const mine = questions;
  const answer = await choose_name(session_url, name);
  if (mine !== questions) {
    return;
  }
  if (answer.kind === "session") {
    connection.restart();
    chat.enter(answer.name, "");
  } else if (answer.kind === "refused") {
    view.name_refused(answer.text, answer.suggestion);
  } else {
    chat.enter(name, window_token());
  }
}

function rename() {
  questions += 1;
  chat.quit();
  connection.restart();
}

async function come_back() {
  const name = await remembered_name(session_url);
  if (name && questions === 0) {
    chat.enter(name, "");
  }
}

connection.open();
// The network is back: no need to sit the wait out.
addEventListener("online", () => connection.open());
come_back();
