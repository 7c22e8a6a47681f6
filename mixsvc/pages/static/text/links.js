// @ts-check
/** The addresses in a text: where each ends for a reader, and what may be opened by a click. */

import { made } from "../dom.js";

/** What ends an address wherever it stands: the marks of other scripts, typographic quotes and the em dash. */
const ADDRESS = /https?:\/\/(?!\[(?![\da-f:.]{2,50}\]))[^\s<>"`{}|\\^。、，；：！？（）「」『』【】〈〉《》“”„«»‹›—\u3000]{1,2000}/iuy;
const SCHEME = /(?<![a-z0-9_])https?:\/\//giu;
/** What ends a sentence, or marks a word, is hardly a part of the address before it. */
const AFTER = /[.,;:!?…'’‘*_~–]/u;
/** An apostrophe that is followed by no letter closes a quotation. */
const APOSTROPHE = /[’‘](?![\p{L}\p{N}])/u;
const CLOSING = new Map([
  [")", "("],
  ["]", "["],
]);

/** @typedef {{index: number, shown: string, url: URL}} Address */

/** The address that begins here, as far as it goes; "" where none does. @param {string} text @param {number} index */
export function addressAt(text, index) {
  ADDRESS.lastIndex = index;
  const found = ADDRESS.exec(text)?.[0] ?? "";
  const balanced = found.slice(0, endOf(found));
  return withoutTail(balanced.slice(0, APOSTROPHE.exec(balanced)?.index));
}

/** All addresses that may be opened. @param {string} text @returns {Address[]} */
export function addresses(text) {
  /** @type {Address[]} */
  const found = [];
  let end = 0;
  for (const { index } of text.matchAll(SCHEME)) {
    const shown = index < end ? "" : addressAt(text, index);
    const url = safeUrl(shown);
    if (url) {
      found.push({ index, shown, url });
      end = index + shown.length;
    }
  }
  return found;
}

/** A text with its addresses as links.
 * @param {string} text
 * @param {(between: string) => (Node | string)[]} [rest]  what becomes of the text between them
 * @returns {(Node | string)[]}
 */
export function withLinks(text, rest = (between) => [between]) {
  /** @type {(Node | string)[]} */
  const parts = [];
  let end = 0;
  for (const { index, shown, url } of addresses(text)) {
    parts.push(...rest(text.slice(end, index)), link(url, shown));
    end = index + shown.length;
  }
  return [...parts, ...rest(text.slice(end))];
}

/** @param {string} shown @returns {URL | null} null: not to be opened from here */
export function safeUrl(shown) {
  // Without slashes a browser would read a name into it.
  if (!/^(https?:\/\/|mailto:)/i.test(shown)) {
    return null;
  }
  try {
    const url = new URL(shown);
    // A name before the @ looks like the site and is none.
    return url.protocol === "mailto:" || (!url.username && !url.password) ? url : null;
  } catch {
    return null;
  }
}

/** @param {URL} url @param {(Node | string)[]} children */
export function link(url, ...children) {
  const result = made("a", "", ...children);
  result.href = url.href;
  // The host as it really is spelled, for one that only looks like another.
  result.title = url.href;
  result.target = "_blank";
  result.rel = "noopener noreferrer nofollow ugc";
  return result;
}

/** Where the first bracket closes that the address has not opened. @param {string} found */
function endOf(found) {
  /** @type {string[]} */
  const open = [];
  for (let index = 0; index < found.length; index += 1) {
    const letter = found.charAt(index);
    const opening = CLOSING.get(letter);
    if (opening && open.pop() !== opening) {
      return index;
    }
    if (letter === "(" || letter === "[") {
      open.push(letter);
    }
  }
  return found.length;
}

/** @param {string} found */
function withoutTail(found) {
  let shown = found;
  while (AFTER.test(shown.slice(-1))) {
    shown = shown.slice(0, -1);
  }
  // The host's, and not its name's.
  return shown.replace(/^(https?:\/\/[^/]+)['’]s$/iu, "$1");
}
