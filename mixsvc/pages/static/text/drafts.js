// @ts-check
/** What is being written, by room: in this window, over reloads. */

import { json } from "../client/json.js";

/** What is kept is bounded: the rooms that were written in last, and so many characters of them together. */
const MOST_ROOMS = 50;
const MOST_LETTERS = 200_000;

export class Drafts {
  /** The one that was changed last is the last. @type {Map<string, string>} */
  #texts;
  #key;

  /** @param {string} key  of the storage */
  constructor(key) {
    this.#key = key;
    this.#texts = new Map(stored(key) ?? []);
  }

  /** @param {string} room */
  of(room) {
    return this.#texts.get(room) ?? "";
  }

  /** @param {string} room @param {string} text  "" to forget it */
  keep(room, text) {
    if (text === this.of(room)) {
      return;
    }
    // Other boxes of this page keep theirs there.
    this.#texts = new Map(stored(this.#key) ?? this.#texts);
    this.#texts.delete(room);
    text && this.#texts.set(room, text);
    this.#trim();
    try {
      sessionStorage.setItem(this.#key, json([...this.#texts]));
    } catch {
      // The browser keeps nothing for this site: they live as long as the page.
    }
  }

  #trim() {
    let letters = [...this.#texts.values()].reduce((sum, text) => sum + text.length, 0);
    for (const [room, text] of this.#texts) {
      if (this.#texts.size <= MOST_ROOMS && (letters <= MOST_LETTERS || this.#texts.size === 1)) {
        return;
      }
      this.#texts.delete(room);
      letters -= text.length;
    }
  }
}

/** @param {string} key @returns {[string, string][] | null} null: the browser keeps nothing for this site */
function stored(key) {
  try {
    const found = JSON.parse(sessionStorage.getItem(key) ?? "[]");
    return found.filter(isDraft);
  } catch {
    return null;
  }
}

/** @param {unknown} each */
function isDraft(each) {
  return Array.isArray(each) && each.length === 2 && each.every((part) => typeof part === "string");
}
