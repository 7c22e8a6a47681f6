// @ts-check
/** What is said: each line waits until it is stored, and whoever said it is told so, or why it will not be. */

import { Delivery } from "./delivery.js";
import { ChatError, errorOf, rejected } from "./errors.js";
import { Outbox } from "./outbox.js";
import { Pending } from "./pending.js";

/**
 * @typedef {import("./exchange.js").Exchange} Exchange
 * @typedef {import("./exchange.js").Message} Message
 * @typedef {import("./outbox.js").Line} Line
 *
 * @typedef {object} Places  where something may be said
 * @property {(room: string) => boolean} isIn  it takes lines, now or once one is back
 * @property {(room: string) => boolean} isOpen  it takes lines now
 *
 * @typedef {object} Author  who is told
 * @property {() => void} changed  something about the outbox
 * @property {(text: string, line: Line) => void} lineRefused
 */

export class Speech {
  outbox = new Outbox();
  #maxText = Infinity;
  #delivery;
  #newKey;
  #places;
  #author;
  /** By the key of the line. @type {Pending<number | null>} */
  #saying = new Pending();

  /** @param {Exchange} exchange @param {() => string} newKey @param {Places} places @param {Author} author */
  constructor(exchange, newKey, places, author) {
    this.#delivery = new Delivery(this.outbox, exchange, places.isOpen);
    this.#newKey = newKey;
    this.#places = places;
    this.#author = author;
  }

  /** The server takes so many characters: what is longer, and waits, is refused. @param {number} maxText */
  limit(maxText) {
    this.#maxText = maxText;
    for (const line of this.outbox.waiting()) {
      const wrong = this.tooLong(line.text);
      if (wrong) {
        this.#fail(line, notTaken(wrong, line.room));
        this.#author.lineRefused(wrong, line);
      }
    }
  }

  /** How many characters a text has too many. @param {string} text */
  excess(text) {
    return Math.max(0, [...text].length - this.#maxText);
  }

  /** Why a text is too long; "" where it is not. @param {string} text */
  tooLong(text) {
    const excess = this.excess(text);
    return excess ? `This is too long by ${excess} characters.` : "";
  }

  /** Why a text cannot be said now; "" where it can. @param {string} text @param {string} [room]  where */
  refusal(text, room) {
    if (room !== undefined && !this.#places.isIn(room)) {
      return NOT_INSIDE;
    }
    return this.tooLong(text) || (this.outbox.isFull ? "Wait until the messages before this one are sent." : "");
  }

  /**
   * It waits for the connection, and is stored once.
   * @param {string} room
   * @param {string} text
   * @returns {Promise<number | null>} its number once it is stored; null for a command that stores nothing
   */
  say(room, text) {
    const wrong = this.refusal(text, room);
    if (wrong) {
      return rejected(wrong === NOT_INSIDE ? notInside(room) : notTaken(wrong, room));
    }
    const line = this.outbox.add(room, text, this.#newKey());
    const stored = this.#saying.wait(line.key);
    this.deliver();
    return stored;
  }

  /** Try a line again that has failed. @param {Line} line */
  retry(line) {
    this.outbox.revive(line);
    this.deliver();
  }

  /** Forget a line. @param {Line | undefined} line @param {number | null} [number]  what it is stored as, if it is */
  forget(line, number) {
    this.outbox.forget(line);
    if (line && number !== undefined) {
      this.#saying.resolve(line.key, number);
    } else if (line) {
      this.#saying.reject(line.key, new ChatError("discarded", "The message was discarded.", { room: line.room }));
    }
  }

  /** Send what waits; to be called whenever a line or its room has changed. */
  deliver() {
    this.#giveUp();
    this.#delivery.goOn();
    this.#author.changed();
  }

  /** Nobody lets us into a room: what waits for it has failed. @param {string} room @param {ChatError} error */
  close(room, error) {
    const waiting = this.outbox.waiting().filter((line) => line.room === room);
    waiting.forEach((line) => this.#fail(line, error));
  }

  /** The server has not taken a line. @param {Message} message */
  refused(message) {
    const line = this.outbox.find(message["key"]);
    if (line) {
      this.#delivery.refused(line, message);
      ["bad_text", "bad_command"].includes(message["code"]) && this.#author.lineRefused(message["text"], line);
      // Whoever is told may have taken it away.
      line.state === "failed" && this.#saying.reject(line.key, errorOf(message));
    }
    this.deliver();
  }

  /** The connection is gone: what was on its way waits for the next. */
  lost() {
    this.#delivery.lost();
    this.#giveUp();
  }

  /** What waits for a room that we were put out of would wait for ever. */
  #giveUp() {
    const stranded = this.outbox.waiting().filter((line) => !this.#places.isIn(line.room));
    stranded.forEach((line) => this.#fail(line, notInside(line.room)));
  }

  /** @param {Line} line @param {ChatError} error */
  #fail(line, error) {
    this.outbox.fail(line, error.message, error.code);
    this.#saying.reject(line.key, error);
  }
}

const NOT_INSIDE = "Join the room before you say something there.";

/** @param {string} room */
function notInside(room) {
  return new ChatError("not_inside", NOT_INSIDE, { room });
}

/** @param {string} why @param {string} room */
function notTaken(why, room) {
  return new ChatError("not_taken", why, { room });
}
