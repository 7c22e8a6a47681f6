// @ts-check
/** The chat on the page: its connection, its protocol and its views, put together. */

import { ChatClient } from "./client/client.js";
import { statusFor } from "./client/connection.js";
import { element } from "./dom.js";
import { rates } from "./rates/rates.js";
import { Page } from "./views/page.js";
import { chooseName, logIn, logOut, rememberedName, windowToken } from "./views/session.js";
import { StatusView } from "./views/status_view.js";
import { beginFold } from "./views/parts/fold.js";
import { beginTabs } from "./views/parts/tabs.js";

/** How often the list of the rooms is asked for. */
const LIST_MS = 30_000;

const section = element("talk", HTMLElement);
const sessionUrl = section.dataset["session"] ?? "";
/** How many names were asked for: an answer counts while its question is the newest. */
let questions = 0;

const chat = new ChatClient({ url: section.dataset["prefix"] ?? "" });
const page = new Page(
  () => chat,
  { enter, rename, logIn: asModerator, logOut: asNobody },
  (message) => rates.live(message["quotes"]),
);
const statusView = new StatusView(() => chat.connect());

/** @param {string} name */
async function enter(name) {
  questions += 1;
  const mine = questions;
  const answer = await chooseName(sessionUrl, name);
  if (mine !== questions) {
    return;
  }
  if (answer.kind === "session") {
    chat.reconnect();
    chat.enter(answer.name, "");
  } else if (answer.kind === "refused") {
    page.nameRefused(answer.text, answer.suggestion);
  } else {
    chat.enter(name, windowToken());
  }
}

/** Whoever has logged in elsewhere has the name of there. @param {string} why */
function enterAsLoggedIn(why) {
  page.notice(why);
  chat.enter("", "");
}

/** @param {string} name @param {string} password @returns {Promise<string>} what is wrong, or "" */
async function asModerator(name, password) {
  const answer = await logIn(section.dataset["login"] ?? "", name, password);
  if (answer.kind === "refused") {
    return answer.text;
  }
  questions += 1;
  chat.reconnect();
  chat.enter(answer.name, "");
  return "";
}

async function asNobody() {
  const wrong = await logOut(sessionUrl);
  if (wrong) {
    page.notice(wrong);
    return;
  }
  rename();
  page.nameRefused("You have logged out.", "");
}

function rename() {
  questions += 1;
  chat.quit();
  chat.reconnect();
}

async function comeBack() {
  const name = await rememberedName(sessionUrl);
  if (name && questions === 0) {
    chat.enter(name, "");
  }
}

beginTabs();
beginFold();
page.follow(chat);
page.begin();
for (const type of /** @type {const} */ (["status", "phase"])) {
  chat.on(type, () => statusView.show(statusFor(chat.status, chat.phase)));
}
chat.on("nameRefused", ({ code, text }) => code === "name_fixed" && enterAsLoggedIn(text));
chat.on("lost", () => rates.poll());
chat.subscribe(rates.pairs);
chat.connect();
setInterval(() => document.hidden || chat.ask({ type: "rooms" }), LIST_MS);
comeBack();
