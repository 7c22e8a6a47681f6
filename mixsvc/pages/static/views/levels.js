// @ts-check
/** Of which messages of a room somebody wants to be notified; this browser remembers it. */

import { calls } from "../text/calls.js";
import { namesIn } from "../text/mentions.js";
import { parserFor } from "../text/rich.js";
import { remember, remembered } from "./memory.js";

/** @type {Record<string, string>} */
const LEVELS = {
  all: "Notify me of all messages here",
  mentions: "Notify me of mentions only",
  none: "Notify me of nothing here",
};

/**
 * @typedef {import("../client/room.js").Room} Room
 * @typedef {import("../client/room.js").Said} Said
 */

/** What a room's menu offers. @param {string} room @returns {import("./parts/menu.js").Item[]} */
export function levelItems(room) {
  const chosen = levelOf(room);
  return Object.entries(LEVELS).map(([level, label]) => {
    const choose = () => remember({ levels: { ...remembered().levels, [room]: level } });
    return { label, isChecked: level === chosen, act: choose };
  });
}

/** Whether somebody wants to hear of a message. @param {Room} room @param {Said} said @param {string} self */
export async function isWanted(room, said, self) {
  const level = levelOf(room.name);
  if (level !== "mentions") {
    return level === "all";
  }
  await parserFor(said.text);
  return calls(said.text, namesIn(room, self));
}

/** @param {string} room */
function levelOf(room) {
  const { levels } = remembered();
  const level = Object.hasOwn(levels, room) ? String(levels[room]) : "all";
  return Object.hasOwn(LEVELS, level) ? level : "all";
}
