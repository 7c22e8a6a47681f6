// @ts-check
/** A room's log as a list: messages with the days between them, notices, and where the unread ones begin. Pure. */

import { dayName, dayOf } from "./times.js";

/** Within so many milliseconds one person's messages are one block. */
const SAME_BLOCK_MS = 300_000;

/**
 * @typedef {import("../client/room.js").Room} Room
 * @typedef {import("../client/room.js").Said} Said
 * @typedef {{id: string, kind: "said", said: Said, follows: boolean}} SaidEntry  follows: in one block with the last
 * @typedef {{id: string, kind: "day" | "notice" | "unread", text: string}} TextEntry
 * @typedef {SaidEntry | TextEntry} Entry
 */

/**
 * @param {Room} room
 * @param {number | null} unreadAfter  the last message that was read before; null: no mark
 * @param {Date} now
 * @returns {Entry[]}
 */
export function entriesOf(room, unreadAfter, now) {
  /** @type {Entry[]} */
  const entries = [];
  const begin = room.messages[0]?.number ?? 0;
  const notices = room.notices.filter(({ after }) => after >= begin - 1).map(noticeEntry);
  let day = "";
  let isMarked = unreadAfter === null;
  for (const said of room.messages) {
    while (notices[0] && notices[0].after < said.number) {
      entries.push(...notices.splice(0, 1));
    }
    if (dayOf(said.time) !== day) {
      day = dayOf(said.time);
      entries.push({ id: `day ${day}`, kind: "day", text: dayName(said.time, now) });
    }
    if (!isMarked && said.number > Number(unreadAfter)) {
      isMarked = true;
      entries.push({ id: "unread", kind: "unread", text: "New" });
    }
    entries.push(saidEntry(said, entries[entries.length - 1]));
  }
  return room.atNewest ? [...entries, ...notices] : entries;
}

/** @param {import("../client/room.js").Notice} notice @returns {TextEntry & {after: number}} */
function noticeEntry({ id, after, text }) {
  return { id, kind: "notice", text, after };
}

/** @param {Said} said @param {Entry | undefined} before @returns {SaidEntry} */
function saidEntry(said, before) {
  // A message that was deleted or edited is another element.
  const id = `${said.number}${said.deleted ? " deleted" : ""}${said.edited ? ` ${said.text}` : ""}`;
  return { id, kind: "said", said, follows: before?.kind === "said" && areOneBlock(before.said, said) };
}

/** @param {Said} first @param {Said} second */
function areOneBlock(first, second) {
  const isPlain = !first.kind && !second.kind && first.name === second.name;
  return isPlain && Date.parse(second.time) - Date.parse(first.time) < SAME_BLOCK_MS;
}
