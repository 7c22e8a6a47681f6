// @ts-check
/** What a person reads of what the chat tells programs. */

/** @typedef {import("../client/exchange.js").Message} Message */

/** @type {Record<string, (message: Message) => string>} */
const SENTENCES = {
  muted: ({ name, by, until, reason }) => `${by} muted ${name} until ${local(until)}${because(reason)}`,
  unmuted: ({ name, by }) => `${by} gave ${name} the voice back`,
  banned: ({ name, by, until, reason }) =>
    `${by} banned ${name || "an address"} until ${local(until)}${because(reason)}`,
  error: ({ text }) => text,
};
/** Asked for by the page and not by the person. */
const OWN = ["rooms", "subscribe"];

/** @param {Message} message @returns {string} "" for nothing to read */
export function sentence(message) {
  const isOwn = message.type === "error" && OWN.includes(message["of"]);
  return isOwn || !Object.hasOwn(SENTENCES, message.type) ? "" : String(SENTENCES[message.type]?.(message));
}

/** @param {string} time */
function local(time) {
  return new Date(time).toLocaleString();
}

/** @param {string | undefined} reason */
function because(reason) {
  return reason ? `: ${reason}` : "";
}
