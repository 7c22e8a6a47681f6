// @ts-check
/** What a person reads of what the chat tells programs. */

import { moment } from "./times.js";

/** @typedef {import("../client/exchange.js").Message} Message */

/** @type {Record<string, (message: Message, who: string, now: Date) => string>} */
const SENTENCES = {
  muted: ({ by, until, reason }, who, now) => `${by} muted ${who} until ${moment(until, now)}${because(reason)}`,
  unmuted: ({ by }, who) => `${by} unmuted ${who}`,
  banned: ({ by, until, reason }, who, now) => `${by} banned ${who} until ${moment(until, now)}${because(reason)}`,
  error: ({ text }) => text,
};
/** Asked for by the page and not by the person. */
const OWN = ["rooms", "subscribe"];

/** "" for nothing to read. @param {Message} message @param {string} me  who reads it @param {Date} now */
export function sentence(message, me, now) {
  const isOwn = message.type === "error" && OWN.includes(message["of"]);
  const who = message["name"] === me ? "you" : message["name"] || "an address";
  return isOwn || !Object.hasOwn(SENTENCES, message.type) ? "" : String(SENTENCES[message.type]?.(message, who, now));
}

/** @param {string | undefined} reason */
export function because(reason) {
  return reason ? `: ${reason}` : "";
}
