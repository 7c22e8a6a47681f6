// @ts-check
/** What can be completed where somebody writes: commands, and names that are mentioned. Pure. */

import { folded } from "./mentions.js";

const MOST = 8;
/** A command at the begin of the text; two slashes are a text that begins with one. */
const COMMAND = /^\/(?!\/)\S*$/;
/** A name that has begun: behind a letter the @ is one of an address. */
const NAME = /(?<![\p{L}\p{N}\p{M}_@])@([^\s@][^\n@]{0,31}|)$/u;
/** Scripts that put no space before it. */
const UNSPACED_NAME = /(?<=\p{sc=Han}|\p{sc=Hira}|\p{sc=Kana}|\p{sc=Hang}|\p{sc=Thai})@([^\s@][^\n@]{0,31}|)$/u;

/**
 * @typedef {string[]} Command  what to write, an example of what follows it, and what it is for
 * @typedef {{text: string, more: string[], follows: string}} Offer  follows: what is written behind it
 * @typedef {{from: number, offers: Offer[]}} Offered  from: where what is completed begins
 */

/**
 * @param {string} before  the text before the caret
 * @param {readonly Command[]} commands
 * @param {() => Iterable<string>} names  of those who can be mentioned
 * @returns {Offered}
 */
export function offered(before, commands, names) {
  const typed = (NAME.exec(before) ?? UNSPACED_NAME.exec(before))?.[1];
  if (COMMAND.test(before)) {
    const found = commands.filter(([command = ""]) => command.startsWith(before.toLowerCase()));
    return { from: 0, offers: found.map(offer) };
  }
  if (typed === undefined) {
    return { from: 0, offers: [] };
  }
  const found = fitting(folded(typed), names());
  const offers = found.map((name) => ({ text: `@${name}`, more: [], follows: " " }));
  return { from: before.length - typed.length - 1, offers };
}

/** @param {Command} command @returns {Offer} */
function offer([command = "", example = "", purpose = ""]) {
  return { text: command, more: [example, purpose], follows: example && " " };
}

/** Names that begin so, then those of which another word does. @param {string} typed @param {Iterable<string>} names */
function fitting(typed, names) {
  const all = [...new Set(names)].sort((one, other) => one.localeCompare(other));
  const first = all.filter((name) => folded(name).startsWith(typed));
  const other = all.filter((name) => folded(name).includes(` ${typed}`) && !first.includes(name));
  return [...first, ...other].slice(0, MOST);
}
