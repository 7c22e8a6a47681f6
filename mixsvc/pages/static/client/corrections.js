// @ts-check
/** Changes to messages that are said: one after the other, since a refusal does not say which it is of. */

import { ChatError } from "./errors.js";

/**
 * @typedef {import("./exchange.js").Message} Message
 * @typedef {{message: Message, resolve: () => void, reject: (error: Error) => void}} Correction
 */

export class Corrections {
  /** The first is on its way. @type {Correction[]} */
  #all = [];
  #ask;

  /** @param {(message: Message) => boolean} ask  whether it is asked: not while there is no connection */
  constructor(ask) {
    this.#ask = ask;
  }

  /** @param {Message} message  the request @returns {Promise<void>} once it is stored */
  change(message) {
    /** @type {Promise<void>} */
    const changed = new Promise((resolve, reject) => this.#all.push({ message, resolve, reject }));
    if (this.#all.length === 1) {
      this.#send();
    }
    return changed;
  }

  /** Whether a message answers the one on its way. @param {Message} answer */
  take(answer) {
    const [now] = this.#all;
    const asked = now?.message;
    const isOurs = asked && answer["of"] === asked.type && isAbout(answer, asked);
    if (isOurs && answer.type === "done") {
      this.#settle((each) => each.resolve());
      return true;
    }
    if (isOurs && answer.type === "error") {
      const { code, text, room, wait } = answer;
      this.#settle((each) => each.reject(new ChatError(code, text, { room, wait })));
      return true;
    }
    return false;
  }

  /** The connection is gone: nobody knows whether the first was stored, and an edit may be sent again. */
  lost() {
    const all = this.#all;
    this.#all = [];
    all.forEach(({ message: { room }, reject }) => reject(new ChatError("lost", LOST, { room })));
  }

  #send() {
    const [now] = this.#all;
    if (now && !this.#ask(now.message)) {
      this.lost();
    }
  }

  /** @param {(each: Correction) => void} call */
  #settle(call) {
    const now = this.#all.shift();
    now && call(now);
    this.#send();
  }
}

/** An error names no number, and a moderator's `done` names no message where the server is of an earlier version.
 * @param {Message} answer @param {Message} asked
 */
function isAbout(answer, asked) {
  const { room = asked["room"], number = asked["number"] } = answer;
  return room === asked["room"] && number === asked["number"];
}

const LOST = "There is no connection now. Try again when you are online.";
