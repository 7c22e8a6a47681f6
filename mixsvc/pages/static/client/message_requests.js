// @ts-check
/** Requests about messages that are said: one after the other, since a refusal does not say which it is of. */

import { errorOf, noConnection } from "./errors.js";

/**
 * @typedef {import("./exchange.js").Message} Message
 * @typedef {{message: Message, resolve: (texts: any) => void, reject: (error: Error) => void}} Asked
 */

export class MessageRequests {
  /** The first is on its way. @type {Asked[]} */
  #all = [];
  #ask;

  /** @param {(message: Message) => boolean} ask  whether it is asked: not while there is no connection */
  constructor(ask) {
    this.#ask = ask;
  }

  /** @param {Message} message  the request @returns {Promise<any>} once a change is stored; or the texts asked for */
  send(message) {
    const answered = new Promise((resolve, reject) => this.#all.push({ message, resolve, reject }));
    if (this.#all.length === 1) {
      this.#next();
    }
    return answered;
  }

  /** Whether a message answers the one on its way. @param {Message} answer */
  take(answer) {
    const [now] = this.#all;
    const isOurs = now && [answer.type, answer["of"]].includes(now.message.type) && isAbout(answer, now.message);
    if (isOurs) {
      this.#all.shift();
      answer.type === "error" ? now.reject(errorOf(answer)) : now.resolve(answer["texts"]);
      this.#next();
    }
    return isOurs ?? false;
  }

  /** The connection is gone: nobody knows whether the first was stored, and an edit may be sent again. */
  lost() {
    const all = this.#all;
    this.#all = [];
    all.forEach(({ message: { room }, reject }) => reject(noConnection(room)));
  }

  #next() {
    const [now] = this.#all;
    if (now && !this.#ask(now.message)) {
      this.lost();
    }
  }
}

/** An error and a moderator's `done` name no message where the server is of an earlier version. NaN is the same as NaN:
 * else nobody would be told of its refusal, and nothing be asked after it.
 * @param {Message} answer @param {Message} asked
 */
function isAbout(answer, asked) {
  const { room = asked["room"], number = asked["number"] } = answer;
  return room === asked["room"] && Object.is(number, asked["number"]);
}
