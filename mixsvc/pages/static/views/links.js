// @ts-check
/** The addresses in a text, made clickable; everything else stays the text that it is. */

import { made } from "../dom.js";

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`{}|\\^]+/giu;
/** What ends a sentence is hardly a part of the address before it. */
const AFTER = /[.,;:!?…)\]]+$/u;

/** @param {string} text @returns {(string | HTMLElement)[]} */
export function withLinks(text) {
  /** @type {(string | HTMLElement)[]} */
  const parts = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const shown = trimmed(found);
    const url = safeUrl(shown);
    if (url) {
      parts.push(text.slice(end, index), link(url, shown));
      end = index + shown.length;
    }
  }
  parts.push(text.slice(end));
  return parts.filter((part) => part !== "");
}

/** Without the punctuation behind it; a bracket stays where the address opens one. @param {string} found */
function trimmed(found) {
  const tail = AFTER.exec(found)?.[0] ?? "";
  const bare = found.slice(0, found.length - tail.length);
  return tail.startsWith(")") && bare.includes("(") ? `${bare})` : bare;
}

/** @param {string} shown @returns {URL | null} null: not to be clicked */
function safeUrl(shown) {
  try {
    const url = new URL(shown);
    // A name before the @ looks like the site and is none.
    return ["http:", "https:"].includes(url.protocol) && !url.username && !url.password ? url : null;
  } catch {
    return null;
  }
}

/** @param {URL} url @param {string} shown */
function link(url, shown) {
  const result = made("a", "", shown);
  result.href = url.href;
  // The host as it really is spelled, for one that only looks like another.
  result.title = url.href;
  result.target = "_blank";
  result.rel = "noopener noreferrer nofollow ugc";
  return result;
}
