// @ts-check
/** The part of a text that a search has found, with the words marked. As text and elements, never as markup. */

import { made } from "../dom.js";

/** How much of a long text is shown, and how much of that before the first word, in characters. */
const SHOWN = 240;
const BEFORE = 60;

/** @typedef {[number, number]} Range  the first character, and the one behind the last */

/** @param {string} text @param {string[]} words  as the server compares them @returns {(Node | string)[]} */
export function markedText(text, words) {
  const letters = [...text.normalize("NFC")];
  const ranges = rangesOf(letters, words);
  const begin = letters.length > SHOWN ? Math.max(0, (ranges[0]?.[0] ?? 0) - BEFORE) : 0;
  const end = Math.min(letters.length, begin + SHOWN);
  /** @type {(Node | string)[]} */
  const nodes = begin > 0 ? ["…"] : [];
  let at = begin;
  for (const [from, to] of ranges) {
    if (from >= at && to <= end) {
      nodes.push(letters.slice(at, from).join(""), made("mark", "", letters.slice(from, to).join("")));
      at = to;
    }
  }
  nodes.push(letters.slice(at, end).join(""), end < letters.length ? "…" : "");
  return nodes;
}

/** Where the words are, in their order, none in another. @param {string[]} letters @param {string[]} words */
function rangesOf(letters, words) {
  // One letter may become several: each of these knows which one it was.
  const origins = /** @type {number[]} */ ([]);
  let folded = "";
  letters.forEach((letter, place) => {
    const small = foldedLetter(letter);
    folded += small;
    origins.push(...Array.from({ length: small.length }, () => place));
  });
  const found = words.flatMap((word) => placesOf(folded, word)).sort((one, other) => one[0] - other[0]);
  /** @type {Range[]} */
  const ranges = found.map(([from, to]) => [Number(origins[from]), Number(origins[to - 1]) + 1]);
  return ranges.filter(([from], index) => ranges.slice(0, index).every((each) => each[1] <= from));
}

/** @param {string} text @param {string} word @returns {Range[]} */
function placesOf(text, word) {
  /** @type {Range[]} */
  const found = [];
  for (let at = text.indexOf(word); at >= 0 && word; at = text.indexOf(word, at + word.length)) {
    found.push([at, at + word.length]);
  }
  return found;
}

/** @param {string} letter */
function foldedLetter(letter) {
  return letter.normalize("NFKC").toLowerCase().replaceAll("ß", "ss").replaceAll("ς", "σ");
}
