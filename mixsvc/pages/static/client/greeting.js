// @ts-check
/** Who we are to the server: hello, welcome, and our own ghost that has our name for a while. */

/** How often, and how many times, we ask for our own name again: the server may not have noticed yet that we went. */
const RETRY_MS = 1_000;
const RETRIES = 8;

/**
 * @typedef {import("./exchange.js").Exchange} Exchange
 * @typedef {import("./exchange.js").Message} Message
 * @typedef {"nameless" | "away" | "greeting" | "here"} Phase
 * @typedef {{name: string, moderator: boolean}} Self
 *
 * @typedef {object} Host  who is told
 * @property {(phase: Phase, self: Self) => void} phase
 * @property {(text: string) => void} notice
 * @property {(text: string, suggestion: string) => void} name_refused  suggestion: "" where there is none
 */

export class Greeting {
  /** @type {Phase} */
  phase = "nameless";
  /** @type {Self} */
  self = { name: "", moderator: false };
  /** What shows that our connections are of one person; "" where the session does. */
  #token = "";
  /** Whether the name was ours before the connection was lost: then we wait for our own ghost to go. */
  #known = false;
  #retries = RETRIES;
  #exchange;
  #host;

  /** @param {Exchange} exchange @param {Host} host */
  constructor(exchange, host) {
    this.#exchange = exchange;
    this.#host = host;
  }

  /** The person has a name. @param {string} name @param {string} token  "" where the session says who it is */
  enter(name, token) {
    this.self = { name, moderator: false };
    this.#token = token;
    this.#known = false;
    this.#move("away");
    this.opened();
  }

  /** The person wants another name. */
  quit() {
    this.#known = false;
    this.#move("nameless");
  }

  /** Say hello, if there is somebody to greet and a name to give. */
  opened() {
    if (this.#exchange.connected && this.phase !== "nameless") {
      this.#greet();
    }
  }

  /** The connection is gone. */
  lost() {
    if (this.phase !== "nameless") {
      this.#move("away");
    }
  }

  /** @param {Message} message */
  welcome({ name, moderator }) {
    this.self = { name, moderator };
    this.#known = true;
    this.#retries = RETRIES;
    this.#move("here");
  }

  /** @param {Message} message */
  refused({ code, text, suggestion = "", wait }) {
    if (code === "slow_down") {
      this.#exchange.later(wait * 1000 || RETRY_MS, () => this.#greet());
      return;
    }
    // A session's name is changed there, and not by saying another.
    const alternative = this.#token ? suggestion : "";
    if (code !== "name_taken" || !this.#known || (this.#retries === 0 && !alternative)) {
      this.quit();
      this.#host.name_refused(text, suggestion);
    } else if (this.#retries > 0) {
      this.#retries -= 1;
      this.#exchange.later(RETRY_MS, () => this.#greet());
    } else {
      this.#host.notice(`Somebody else is ${this.self.name} now; you are ${alternative}.`);
      this.self = { name: alternative, moderator: false };
      this.#greet();
    }
  }

  #greet() {
    this.#move("greeting");
    this.#exchange.send({ type: "hello", name: this.self.name, token: this.#token || undefined });
  }

  /** @param {Phase} phase */
  #move(phase) {
    this.phase = phase;
    this.#host.phase(phase, this.self);
  }
}
