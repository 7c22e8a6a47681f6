// @ts-check
/** What was typed and is not in the log yet: each line waits, is on its way, or has failed and may be tried again. */

const MOST_LINES = 20;
const MOST_TRIES = 5;

/**
 * @typedef {object} Line
 * @property {string} key  the server stores a line once, however often it comes with the same key
 * @property {string} room
 * @property {string} text
 * @property {"waiting" | "sending" | "failed"} state
 * @property {string} reason  why it failed
 * @property {string} code  the same for programs
 * @property {number} tries  how often the server could not take it
 */

export class Outbox {
  /** @type {Line[]} */
  #lines = [];

  get isFull() {
    return this.#lines.length >= MOST_LINES;
  }

  get isEmpty() {
    return this.#lines.length === 0;
  }

  /** Whether an answer is due. */
  get isSending() {
    return this.#lines.some((line) => line.state === "sending");
  }

  /** Whether there is a line that has not failed. */
  get isUnderWay() {
    return this.#lines.some((line) => line.state !== "failed");
  }

  /** @param {string} room @param {string} text @param {string} key @returns {Line} */
  add(room, text, key) {
    /** @type {Line} */
    const line = { key, room, text, state: "waiting", reason: "", code: "", tries: 0 };
    this.#lines.push(line);
    return line;
  }

  /** @param {string} room */
  of(room) {
    return this.#lines.filter((line) => line.room === room);
  }

  /** @param {string | undefined} key */
  find(key) {
    return this.#lines.find((line) => line.key === key);
  }

  /** Those to be sent, the oldest first. */
  waiting() {
    return this.#lines.filter((line) => line.state === "waiting");
  }

  /** The first line that is this command. @param {string} command */
  command(command) {
    return this.#lines.find((line) => line.text.trim().split(/\s/)[0]?.toLowerCase() === command);
  }

  /** It is stored, or nobody wants it any more. @param {Line | undefined} line */
  forget(line) {
    this.#lines = this.#lines.filter((each) => each !== line);
  }

  /** The connection is gone: what was on its way waits for the next. */
  hold() {
    for (const line of this.#lines) {
      line.state = line.state === "sending" ? "waiting" : line.state;
    }
  }

  /** The server could not take it now; whether it may be tried again.
   * @param {Line} line @param {string} reason @param {string} code
   */
  wait(line, reason, code) {
    line.tries += 1;
    this.fail(line, reason, code);
    line.state = line.tries < MOST_TRIES ? "waiting" : "failed";
    return line.state === "waiting";
  }

  /** @param {Line} line @param {string} reason @param {string} code */
  fail(line, reason, code) {
    line.state = "failed";
    line.reason = reason;
    line.code = code;
  }

  /** Somebody wants it tried again, with the same key. @param {Line} line */
  revive(line) {
    line.state = "waiting";
    line.tries = 0;
    line.reason = line.code = "";
  }
}
