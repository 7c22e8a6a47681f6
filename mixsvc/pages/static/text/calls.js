// @ts-check
/** Whom a text calls: whoever is shown in it as mentioned, outside of quotes. */

import { made } from "../dom.js";
import { NamesHere } from "./mentions.js";
import { isReadable, parserFor, showText } from "./rich.js";

/**
 * @typedef {import("../client/room.js").Room} Room
 * @typedef {import("../client/room.js").Said} Said
 * @typedef {import("./mentions.js").Names} Names
 */

/** Whether a text calls the reader.
 * @param {string} text @param {Names} names
 * @param {() => void} [changed]  called when the parser has come by which the answer may be another
 */
export function calls(text, names, changed = () => {}) {
  if (!names.mayCallSelf(text)) {
    return false;
  }
  const place = made("div", "");
  showText(place, text, names, changed);
  return place.querySelector(".me-mentioned:not(blockquote *)") !== null;
}

/** How many messages call the reader that are not read yet, of those that are here. */
export class UnreadCalls {
  /** @type {WeakMap<Room, NamesHere>} */
  #names = new WeakMap();
  /** Of each message whether it calls the reader; another text makes another message. @type {WeakMap<Said, boolean>} */
  #answers = new WeakMap();
  #self = "";
  #isWaiting = false;
  #changed;

  /** @param {() => void} changed  called when there may be others */
  constructor(changed) {
    this.#changed = changed;
  }

  /** @param {Room} room @param {string} self */
  of(room, self) {
    const read = room.read ?? Infinity;
    const unread = room.unread > 0 ? room.messages.filter(({ number }) => number > read) : [];
    const perhaps = unread.filter(({ name, text }) => name !== self && text.includes("@"));
    if (perhaps.length === 0) {
      return 0;
    }
    const names = this.#names.get(room) ?? new NamesHere();
    this.#names.set(room, names);
    names.learn(room, self);
    if (self !== this.#self) {
      this.#self = self;
      this.#answers = new WeakMap();
    }
    return perhaps.filter((said) => this.#isCall(said, names.now)).length;
  }

  /** @param {Said} said @param {Names} names */
  #isCall(said, names) {
    const known = this.#answers.get(said);
    if (known !== undefined) {
      return known;
    }
    const answer = calls(said.text, names);
    this.#answers.set(said, answer);
    const isFinal = isReadable(said.text) || !names.mayCallSelf(said.text);
    isFinal || this.#isWaiting || this.#wait(said.text);
    return answer;
  }

  /** Answer anew once the parser has come, or could not. @param {string} text  that needs it */
  async #wait(text) {
    this.#isWaiting = true;
    await parserFor(text);
    this.#isWaiting = false;
    this.#answers = new WeakMap();
    isReadable(text) && this.#changed();
  }
}
