// @ts-check
/** One line of the log as an element. */

import { button, made } from "../dom.js";
import { calls } from "../text/calls.js";
import { withLinks } from "../text/links.js";
import { showText } from "../text/rich.js";
import { face, written } from "./names.js";
import { givesMenu } from "./parts/menu.js";
import { clockTime } from "./times.js";

const GONE = "This message was deleted.";

/**
 * @typedef {import("./entries.js").Entry} Entry
 * @typedef {import("../client/room.js").Said} Said
 * @typedef {import("../client/outbox.js").Line} Line
 * @typedef {import("../client/greeting.js").Self} Self
 *
 * @typedef {object} LineTools  what can be done with a line
 * @property {(line: Line) => void} retry
 * @property {(line: Line) => void} edit  take it back to where it was written
 * @property {(line: Line) => void} discard
 * @property {(said: Said) => import("./parts/menu.js").Item[]} items  what the menu of a message offers
 * @property {() => import("../text/mentions.js").Names} names  who can be mentioned
 * @property {(number: number) => string} address  the link to a message
 * @property {() => void} changed  a line has another height now
 */

/** @param {Entry} entry @param {Self} self @param {LineTools} tools */
export function entryLine(entry, self, tools) {
  if (entry.kind !== "said") {
    return made("li", entry.kind, made("span", "", entry.text));
  }
  const { said } = entry;
  return said.kind === "topic" ? topicLine(said, self, tools) : saidLine(said, self, tools);
}

/** @param {Line} line @param {Self} self @param {LineTools} tools */
export function unsentLine(line, self, tools) {
  const state = made("span", "time", "");
  const head = made("p", "line-head", written(self.name, "who"), " ", state);
  const result = made("li", "line own", face(self.name), head, textOf(line.text, tools));
  if (line.state === "failed") {
    const again = button("quiet small", "Try again", () => tools.retry(line));
    const edit = button("quiet small", "Edit", () => tools.edit(line));
    const away = button("quiet small", "Discard", () => tools.discard(line));
    state.textContent = "not sent";
    result.classList.add("failed");
    result.append(made("p", "line-tools", made("span", "refused", line.reason), " ", again, " ", edit, " ", away));
  } else {
    state.textContent = line.state === "sending" ? "sending…" : "waits to be sent";
  }
  return result;
}

/** @param {Said} said @param {Self} self @param {LineTools} tools */
function saidLine(said, self, tools) {
  const { name, kind = "" } = said;
  const isOwn = name === self.name;
  const head = made("p", "line-head", written(name, "who"), " ", timeLink(said, tools));
  if (isOwn) {
    const sent = made("span", "sent", "✓");
    sent.setAttribute("role", "img");
    sent.setAttribute("aria-label", "sent");
    sent.title = "Stored on the server";
    head.append(" ", sent);
  }
  if (said.edited) {
    head.append(" ", made("span", "edited", "edited", ...(said.edited_at ? [" ", clockTime(said.edited_at)] : [])));
  }
  const text = said.deleted ? made("p", "gone", GONE) : textOf(said.text, tools);
  const classes = ["line", isOwn && "own", kind && `line-${kind}`].filter(Boolean).join(" ");
  const result = made("li", classes, face(name), head, text);
  const mark = () => result.classList.toggle("calls", calls(said.text, tools.names(), mark));
  isOwn || mark();
  return numbered(result, said, self, tools);
}

/** Its time, which is the link to it. @param {Said} said @param {LineTools} tools */
function timeLink({ number, time }, tools) {
  const clock = clockTime(time);
  const link = made("a", clock.className, clock);
  clock.className = "";
  link.href = tools.address(number);
  return link;
}

/** A message knows its number, and what may be done to it by somebody who has a name.
 * @param {HTMLElement} result @param {Said} said @param {Self} self @param {LineTools} tools
 */
function numbered(result, said, self, tools) {
  result.dataset["number"] = String(said.number);
  if (self.name && !said.deleted && tools.items(said).length > 0) {
    const more = button("icon more", "⋯", () => {});
    more.tabIndex = -1;
    more.setAttribute("aria-label", `Menu of message ${said.number} by ${said.name}`);
    givesMenu(more, () => tools.items(said));
    result.append(more);
  }
  return result;
}

/** @param {Said} said @param {Self} self @param {LineTools} tools */
function topicLine(said, self, tools) {
  const { name, text, time, deleted } = said;
  const words = text ? [" set the topic: ", made("b", "topic-text", ...withLinks(text))] : [" removed the topic"];
  const news = deleted ? [made("span", "gone", GONE)] : [written(name, "who"), ...words];
  return numbered(made("li", "notice", made("span", "", ...news, " ", clockTime(time))), said, self, tools);
}

/** @param {string} text @param {LineTools} tools */
function textOf(text, tools) {
  const result = made("div", "text");
  showText(result, text, tools.names(), tools.changed);
  result.dir = "auto";
  return result;
}
