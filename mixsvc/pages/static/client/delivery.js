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
  #is_open;
  /** The server could not take a line just now: nothing is sent. */
  #is_pausing = false;
  /** It could not since the outbox was empty: each line waits for the answer to the one before. */
  #is_careful = false;

  /** @param {Outbox} outbox @param {Exchange} exchange @param {(room: string) => boolean} is_open  takes lines now */
  constructor(outbox, exchange, is_open) {
    this.#outbox = outbox;
    this.#exchange = exchange;
    this.#is_open = is_open;
  }

  /** Send what waits; to be called whenever a line or its room has changed. */
  go_on() {
    this.#is_careful &&= this.#outbox.is_under_way;
    for (const line of this.#outbox.waiting()) {
      if (this.#is_pausing || (this.#is_careful && this.#outbox.is_sending)) {
        return;
      }
      if (this.#is_open(line.room)) {
        line.state = "sending";
        this.#exchange.send({ type: "say", room: line.room, text: line.text, key: line.key });
      }
    }
  }

  /** The server has not taken a line; go_on() is due. @param {Line} line @param {Message} refusal */
  refused(line, { code, text, wait }) {
    if (!PASSING.includes(code)) {
      this.#outbox.fail(line, text);
    } else if (this.#outbox.wait(line, text)) {
      this.#pause(wait * 1000 || BUSY_RETRY_MS);
    }
  }

  /** The connection is gone: what was on its way waits for the next. */
  lost() {
    this.#outbox.hold();
    this.#is_pausing = false;
  }

  /** Those that were sent together are refused together: the first answer says when to go on. @param {number} ms */
  #pause(ms) {
    this.#is_careful = true;
    if (!this.#is_pausing) {
      this.#is_pausing = true;
      this.#exchange.later(ms, () => {
        this.#is_pausing = false;
        this.go_on();
      });
    }
  }
}
