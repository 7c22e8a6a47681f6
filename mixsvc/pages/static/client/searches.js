// @ts-check
/** Searches that wait for their answers; each is told from the others by a key. */

import { errorOf } from "./errors.js";
import { Pending } from "./pending.js";

/**
 * @typedef {import("./exchange.js").Message} Message
 * @typedef {import("./room.js").Said} Said
 *
 * @typedef {Record<string, number>} Places  rooms, each with the number below which a search goes on
 * @typedef {{messages: (Said & {room: string})[], words: string[], before?: Places}} Found
 * @typedef {{room?: string, before?: Places, limit?: number}} Where  without a room: in all that we are in
 */

export class Searches {
  /** @type {Pending<Found>} */
  #waiting = new Pending();
  #newKey;
  #ask;

  /** @param {() => string} newKey @param {(message: Message) => void} ask */
  constructor(newKey, ask) {
    this.#newKey = newKey;
    this.#ask = ask;
  }

  /** Called while somebody can be asked. @param {string} text @param {Where} [where] @returns {Promise<Found>} */
  find(text, { room, before, limit } = {}) {
    const key = this.#newKey();
    this.#ask({ type: "search", text, room, before, limit, key });
    return this.#waiting.wait(key);
  }

  /** The answer to one. @param {Message} message */
  found(message) {
    this.#waiting.resolve(message["key"], /** @type {any} */ (message));
  }

  /** Without a key it is about an answer that was taken away as it was on its way. @param {Message} message */
  refused(message) {
    const error = errorOf(message);
    message["key"] ? this.#waiting.reject(message["key"], error) : this.#waiting.rejectAll(error);
  }

  /** The connection is gone. @param {Error} error */
  lost(error) {
    this.#waiting.rejectAll(error);
  }
}
