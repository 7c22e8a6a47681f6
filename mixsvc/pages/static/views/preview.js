// @ts-check
/** What the server has put into the log, as a room: somebody may read before they have a name. */

import { element } from "../dom.js";
import { Room } from "../client/room.js";

/** @returns {Room | null} */
export function adopted() {
  const log = element("log", HTMLElement);
  const name = log.dataset["room"];
  if (!name) {
    return null;
  }
  const room = new Room(name);
  room.messages = [...log.children].flatMap((line) => (line instanceof HTMLElement ? [saidIn(line)] : []));
  log.replaceChildren();
  return room;
}

/** @param {HTMLElement} line @returns {import("../client/room.js").Said} */
function saidIn(line) {
  const part = (/** @type {string} */ selector) => line.querySelector(selector);
  const time = (/** @type {string} */ selector) => part(selector)?.getAttribute("datetime");
  return {
    number: Number(line.dataset["number"]),
    name: part(".who")?.textContent ?? "",
    text: part(".text, .topic-text")?.textContent ?? "",
    time: time("time") ?? "",
    kind: line.dataset["kind"] ?? "",
    edited: part(".edited") !== null,
    edited_at: time(".edited time") ?? undefined,
  };
}
