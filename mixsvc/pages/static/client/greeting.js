// @ts-check
/** Who we are to the server: hello, welcome, and our own ghost that has our name for a while. */

/** How often, and how many times, we ask for our own name again: the server may not have noticed yet that we went. */
const RETRY_MS = 1_000;
const RETRIES = 8;
/** The longest pause before we ask again where the server cannot tell now whose a name is; the first is RETRY_MS. */
const LONGEST_BUSY_MS = 15_000;
/** When to ask again for a token that could not be had. */
const IDENTIFY_MS = 5_000;
/** So many characters the server reads of one; a page in the place of a token could end the connection. */
const LONGEST_IDENTITY = 4096;

/**
 * @typedef {import("./exchange.js").Exchange} Exchange
 * @typedef {import("./exchange.js").Message} Message
 * @typedef {"nameless" | "away" | "greeting" | "here"} Phase
 * @typedef {{name: string, moderator: boolean}} Self
 *
 * @typedef {object} Host  who is told
 * @property {(phase: Phase, self: Self) => void} phase
 * @property {(text: string) => void} notice
 * @property {(text: string, suggestion: string, code: string) => void} nameRefused  suggestion: "" where there is none
 * @property {(error: unknown) => void} noIdentity  who we are could not be found out; we ask again
 *
 * @typedef {() => string | null | Promise<string | null>} Identify  a token that says who we are; "" or null: nobody
 */

export class Greeting {
  /** @type {Phase} */
  phase = "nameless";
  /** @type {Self} */
  self = { name: "", moderator: false };
  /** The name that the person has given. */
  #wanted = "";
  /** What shows that our connections are of one person; "" where the session does. */
  #token = "";
  /** Whether the name was ours before the connection was lost: then we wait for our own ghost to go. */
  #known = false;
  #retries = RETRIES;
  /** The pause before the next try where the server is busy. */
  #busyMs = RETRY_MS;
  /** Whether this connection has said hello, and was not refused: it may not do so again. */
  #hasGreeted = false;
  /** How often we have come or gone: an answer from before counts no more. */
  #turns = 0;
  #exchange;
  #host;
  #identify;

  /** @param {Exchange} exchange @param {Host} host @param {Identify | null} identify  asked before each hello */
  constructor(exchange, host, identify) {
    this.#exchange = exchange;
    this.#host = host;
    this.#identify = identify;
  }

  /** Whether a new connection can bring another token. */
  get canIdentify() {
    return this.#identify !== null;
  }

  /** Whether the server has to say who we are to it: not while we find that out, or wait until it may be asked. */
  get isOwed() {
    return this.phase === "greeting" && this.#hasGreeted;
  }

  /** The person has a name. @param {string} name @param {string} token  "" where the session says who it is */
  enter(name, token) {
    const isSame = name === this.#wanted && token === this.#token;
    if (isSame && this.#hasGreeted && this.phase !== "nameless") {
      return;
    }
    this.self = { name, moderator: false };
    this.#wanted = name;
    this.#token = token;
    this.#known = false;
    this.#move("away");
    this.#hasGreeted ? this.#exchange.renew() : this.opened();
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
    this.#hasGreeted = false;
    if (this.phase !== "nameless") {
      this.#move("away");
    }
  }

  /** @param {Message} message */
  welcome({ name, moderator }) {
    if (this.phase !== "greeting") {
      // The person has gone since.
      return;
    }
    this.self = { name, moderator };
    this.#known = true;
    this.#retries = RETRIES;
    this.#busyMs = RETRY_MS;
    this.#move("here");
  }

  /** @param {Message} message */
  refused(message) {
    if (this.phase !== "greeting") {
      return;
    }
    const { code, text, wait } = message;
    const isOfIdentity = code === "bad_token" || (code === "bad_field" && this.#identify);
    this.#hasGreeted = false;
    if (code === "slow_down") {
      this.#greetAfter(wait * 1000 || RETRY_MS);
    } else if (code === "busy") {
      this.#greetAfter(this.#busyMs * (0.5 + Math.random() / 2));
      this.#busyMs = Math.min(2 * this.#busyMs, LONGEST_BUSY_MS);
    } else if (isOfIdentity) {
      this.#waitForIdentity(new Error(text));
    } else {
      this.#nameRefused(message);
    }
  }

  /** Say hello again, unless we have come or gone meanwhile. @param {number} ms */
  #greetAfter(ms) {
    const turn = this.#turns;
    this.#exchange.later(ms, () => turn === this.#turns && this.opened());
  }

  /** @param {unknown} error */
  #waitForIdentity(error) {
    this.#greetAfter(IDENTIFY_MS);
    this.#host.noIdentity(error);
  }

  /** @param {Message} message */
  #nameRefused({ code, text, suggestion = "" }) {
    // A session's name is changed there, and not by saying another.
    const alternative = this.#token && this.#wanted ? suggestion : "";
    if (code !== "name_taken" || !this.#known || (this.#retries === 0 && !alternative)) {
      this.quit();
      this.#host.nameRefused(text, suggestion, code);
    } else if (this.#retries > 0) {
      this.#retries -= 1;
      this.#greetAfter(RETRY_MS);
    } else {
      this.#host.notice(`Somebody else is ${this.self.name} now; you are ${alternative}.`);
      this.self = { name: alternative, moderator: false };
      this.#wanted = alternative;
      this.#greet();
    }
  }

  async #greet() {
    const turn = this.#turns + 1;
    this.#move("greeting");
    /** @type {string | null | undefined} */
    let identity;
    try {
      identity = this.#identify ? checked(await this.#identify()) : undefined;
    } catch (error) {
      turn === this.#turns && this.#waitForIdentity(error);
      return;
    }
    if (turn !== this.#turns) {
      return;
    }
    if (this.#identify && !identity) {
      this.quit();
      this.#host.nameRefused("", "", "no_token");
      return;
    }
    this.#hasGreeted = true;
    this.#exchange.send({ type: "hello", name: this.#given, token: this.#token || undefined, identity });
  }

  /** A token or a session of now may say another name than that of before. */
  get #given() {
    const name = this.#identify || !this.#wanted ? this.#wanted : this.self.name;
    return name || undefined;
  }

  /** @param {Phase} phase */
  #move(phase) {
    this.#turns += 1;
    this.phase = phase;
    this.#host.phase(phase, this.self);
  }
}

/** What the function has brought, where it may be a token. @param {string | null} identity */
function checked(identity) {
  if (identity && (typeof identity !== "string" || identity.length > LONGEST_IDENTITY)) {
    throw new TypeError("What the function has brought is no token.");
  }
  return identity;
}
