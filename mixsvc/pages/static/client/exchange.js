// @ts-check
/** One connection's questions: each wants an answer in time, and what was put off ends with the connection. */

import { json } from "./json.js";

/** How long the server may take to answer; whether the connection lives is found out sooner, by a ping. */
const ANSWER_MS = 20_000;

/**
 * @typedef {{type: string} & Record<string, any>} Message  one JSON object of the protocol
 *
 * @typedef {object} World  what the chat needs of the outside
 * @property {(text: string) => void} send
 * @property {() => void} drop  the connection is dead: come back with another
 * @property {() => void} renew  come back at once with another, whatever this one is
 * @property {(ms: number, call: () => void) => () => void} later  returns what to call to cancel it
 * @property {() => string} newKey  different each time
 */

export class Exchange {
  connected = false;
  /** @type {Set<() => void>} */
  #timers = new Set();
  #stopWaiting = () => {};
  #world;

  /** @param {World} world */
  constructor(world) {
    this.#world = world;
  }

  /** Fields that are undefined are left out. @param {Message} message */
  send(message) {
    this.#world.send(json(message));
    this.waitForAnswer();
  }

  /** Ask for a sign of life: the connection waits for it itself. */
  ping() {
    this.#world.send(json({ type: "ping" }));
  }

  /** What was said on this connection cannot be said again. */
  renew() {
    this.#world.renew();
  }

  /** Something came from the server: it lives. */
  heard() {
    this.#stopWaiting();
  }

  /** The server owes us something. */
  waitForAnswer() {
    this.#stopWaiting();
    this.#stopWaiting = this.#world.later(ANSWER_MS, () => this.#world.drop());
  }

  /** Do something later on this connection. @param {number} ms @param {() => void} call */
  later(ms, call) {
    const cancel = this.#world.later(ms, () => {
      this.#timers.delete(cancel);
      call();
    });
    this.#timers.add(cancel);
  }

  /** The connection is gone. */
  lost() {
    this.connected = false;
    this.#stopWaiting();
    this.#timers.forEach((cancel) => cancel());
    this.#timers.clear();
  }
}

/** @param {string} text @returns {Message | null} */
export function parse(text) {
  try {
    const message = JSON.parse(text);
    return typeof message?.type === "string" ? message : null;
  } catch {
    return null;
  }
}
