// @ts-check
/** Brings the lines of the outbox to the server, in their order and no faster than it takes them. */

/** Refusals of what may be taken a little later, and when that is where the server does not say. */
export const PASSING = ["not_saved", "busy", "slow_down"];
export const BUSY_RETRY_MS = 2_000;

/**
 * @typedef {import("./exchange.js").Exchange} Exchange
 * @typedef {import("./exchange.js").Message} Message
 * @typedef {import("./outbox.js").Line} Line
 * @typedef {import("./outbox.js").Outbox} Outbox
 */

export class Delivery {
  #outbox;
  #exchange;
  #isOpen;
  /** The server could not take a line just now: nothing is sent. */
  #isPausing = false;
  /** It could not since the outbox was empty: each line waits for the answer to the one before. */
  #isCareful = false;

  /** @param {Outbox} outbox @param {Exchange} exchange @param {(room: string) => boolean} isOpen  takes lines now */
  constructor(outbox, exchange, isOpen) {
    this.#outbox = outbox;
    this.#exchange = exchange;
    this.#isOpen = isOpen;
  }

  /** Send what waits; to be called whenever a line or its room has changed. */
  goOn() {
    this.#isCareful &&= this.#outbox.isUnderWay;
    for (const line of this.#outbox.waiting()) {
      if (this.#isPausing || (this.#isCareful && this.#outbox.isSending)) {
        return;
      }
      if (this.#isOpen(line.room)) {
        line.state = "sending";
        this.#exchange.send({ type: "say", room: line.room, text: line.text, key: line.key });
      }
    }
  }

  /** The server has not taken a line; goOn() is due. @param {Line} line @param {Message} refusal */
  refused(line, { code, text, wait }) {
    if (!PASSING.includes(code)) {
      this.#outbox.fail(line, text, code);
    } else if (this.#outbox.wait(line, text, code)) {
      this.#pause(wait * 1000 || BUSY_RETRY_MS);
    }
  }

  /** The connection is gone: what was on its way waits for the next. */
  lost() {
    this.#outbox.hold();
    this.#isPausing = false;
  }

  /** Those that were sent together are refused together: the first answer says when to go on. @param {number} ms */
  #pause(ms) {
    this.#isCareful = true;
    if (!this.#isPausing) {
      this.#isPausing = true;
      this.#exchange.later(ms, () => {
        this.#isPausing = false;
        this.goOn();
      });
    }
  }
}
