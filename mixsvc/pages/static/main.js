// @ts-check
/** The chat on the page: its connection, its protocol and its views, put together. */

import { ChatClient } from "./client/client.js";
import { element } from "./dom.js";
import { rates } from "./rates/rates.js";
import { Page } from "./views/page.js";
import { choose_name, log_in, log_out, remembered_name, window_token } from "./views/session.js";
import { StatusView } from "./views/status_view.js";
import { begin_tabs } from "./views/tabs.js";

/** How often the list of the rooms is asked for. */
const LIST_MS = 30_000;

const section = element("talk", HTMLElement);
const session_url = section.dataset["session"] ?? "";
/** How many names were asked for: an answer counts while its question is the newest. */
let questions = 0;

const chat = new ChatClient({ url: section.dataset["prefix"] ?? "" });
const page = new Page(
  () => chat,
  { enter, rename, log_in: as_moderator, log_out: as_nobody },
  (message) => rates.live(message["quotes"]),
);
const status_view = new StatusView(() => chat.connect());

/** @param {string} name */
async function enter(name) {
  questions += 1;
  const mine = questions;
  const answer = await choose_name(session_url, name);
  if (mine !== questions) {
    return;
  }
  if (answer.kind === "session") {
    chat.reconnect();
    chat.enter(answer.name, "");
  } else if (answer.kind === "refused") {
    page.name_refused(answer.text, answer.suggestion);
  } else {
    chat.enter(name, window_token());
  }
}

/** @param {string} name @param {string} password @returns {Promise<string>} what is wrong, or "" */
async function as_moderator(name, password) {
  const answer = await log_in(section.dataset["login"] ?? "", name, password);
  if (answer.kind === "refused") {
    return answer.text;
  }
  questions += 1;
  chat.reconnect();
  chat.enter(answer.name, "");
  return "";
}

async function as_nobody() {
  const wrong = await log_out(session_url);
  if (wrong) {
    page.notice(wrong);
    return;
  }
  rename();
  page.name_refused("You have logged out.", "");
}

function rename() {
  questions += 1;
  chat.quit();
  chat.reconnect();
}

async function come_back() {
  const name = await remembered_name(session_url);
  if (name && questions === 0) {
    chat.enter(name, "");
  }
}

begin_tabs();
page.follow(chat);
page.begin();
chat.on("status", (status) => status_view.show(status));
chat.on("lost", () => rates.poll());
chat.subscribe(rates.pairs);
chat.connect();
setInterval(() => document.hidden || chat.ask({ type: "rooms" }), LIST_MS);
come_back();
