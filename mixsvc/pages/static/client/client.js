// @ts-check
/**
 * The chat's client for browsers: it comes back by itself, resumes where it was, and loses and doubles no message.
 *
 * docs/how-to/browser-client.md has examples, types/client.d.ts the types.
 */

import { Onlooker } from "./attention.js";
import { Chat } from "./chat.js";
import { Connection } from "./connection.js";
import { ChatError } from "./errors.js";
import { Room } from "./room.js";

export { ChatError, Room };

/**
 * @typedef {import("./connection.js").Status} Status
 * @typedef {import("./exchange.js").Message} Message
 * @typedef {import("./greeting.js").Identify} Identify
 * @typedef {import("./outbox.js").Line} Line
 * @typedef {{url?: string, token?: Identify | null}} Options
 * @typedef {(event: any) => void} Listener
 */

export class ChatClient {
  /** @type {Map<string, Set<Listener>>} */
  #listeners = new Map();
  /** @type {Status} */
  #status = { state: "closed" };
  /** @type {Onlooker | null} */
  #onlooker = null;
  /** Ends the listeners on the window. @type {AbortController | null} */
  #watching = null;
  #chat;
  #connection;

  /** @param {Options} [options]  url: of the chat, such as /chat; token: brings a token before each connection */
  constructor({ url = here(), token = null } = {}) {
    this.#chat = new Chat(
      {
        send: (text) => this.#connection.send(text),
        drop: () => this.#connection.drop(),
        renew: () => this.#connection.restart(),
        later,
        newKey: randomText,
      },
      this.#audience(token),
      token,
    );
    this.#connection = new Connection(url, {
      opened: () => this.#chat.opened(),
      received: (text) => this.#chat.received(text),
      lost: () => this.#lost(),
      status: (status) => this.#told(status),
      ping: () => this.#chat.ping(),
      isNeeded: () => this.#onlooker?.isActive ?? false,
    });
  }

  /** Those joined, or being joined, or that somebody put us out of. */
  get rooms() {
    return this.#chat.rooms;
  }

  /** What is not stored yet. */
  get outbox() {
    return this.#chat.outbox;
  }

  /** Who we are. */
  get self() {
    return this.#chat.self;
  }

  get phase() {
    return this.#chat.phase;
  }

  get status() {
    return this.#status;
  }

  /**
   * Be told of what happens.
   * @param {string} type
   * @param {Listener} listener
   * @returns {() => void} ends it
   */
  on(type, listener) {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** Connect, and come back whenever the connection is lost, at once where the browser says that there is a network. */
  connect() {
    this.#watching ??= this.#watch();
    this.#connection.open();
  }

  #watch() {
    const watching = new AbortController();
    const { signal } = watching;
    addEventListener("online", () => this.#connection.open(), { signal });
    addEventListener("offline", () => this.drop(), { signal });
    this.#onlooker = new Onlooker(signal, () => this.probe());
    return watching;
  }

  /** End the connection for good. */
  close() {
    this.#watching?.abort();
    this.#watching = null;
    this.#connection.close();
    // Whoever is told that it is lost may connect again.
    this.#watching ?? this.#told({ state: "closed" });
  }

  /** End the connection, and open another, which carries the cookies of now. */
  reconnect() {
    this.#connection.restart();
  }

  /** The connection is known to be dead. */
  drop() {
    this.#connection.drop();
  }

  /** The computer may have slept: find out soon whether the connection still lives. */
  probe() {
    this.#connection.probe();
  }

  /**
   * Come in, now and after each new connection.
   * @param {string} [name]  "" where a session or a token says it
   * @param {string} [secret]  16 to 64 characters at random: connections with the same one are of one person
   */
  enter(name = "", secret = "") {
    this.#chat.enter(name, secret);
  }

  /** Be nobody; reconnect() has to follow. */
  quit() {
    this.#chat.quit();
  }

  /** @param {string} room */
  join(room) {
    return this.#chat.join(room);
  }

  /** @param {string} room */
  leave(room) {
    this.#chat.leave(room);
  }

  /** @param {string} room @param {string} text */
  say(room, text) {
    return this.#chat.say(room, text);
  }

  /** Give a message of one's own another text; rejects where that is refused.
   * @param {string} room @param {number} number @param {string} text
   */
  edit(room, number, text) {
    return this.#chat.edit(room, number, text);
  }

  /** Delete a message of one's own; rejects where that is refused. @param {string} room @param {number} number */
  remove(room, number) {
    return this.#chat.remove(room, number);
  }

  /** Why a text cannot be said now; "" where it can. @param {string} text @param {string} [room]  where */
  refusal(text, room) {
    return this.#chat.refusal(text, room);
  }

  /** How many characters a text has too many. @param {string} text */
  excess(text) {
    return this.#chat.excess(text);
  }

  /** Try a line again that has failed. @param {Line} line */
  retry(line) {
    this.#chat.retry(line);
  }

  /** Forget lines. @param {(Line | undefined)[]} lines */
  discard(...lines) {
    this.#chat.discard(...lines);
  }

  /** @param {string} room @param {{before?: number, limit?: number}} [which] */
  history(room, which) {
    return this.#chat.history(room, which);
  }

  /** What a message has said, for moderators: the oldest text first; rejects where that is refused.
   * @param {string} room @param {number} number @returns {Promise<{text: string, time: string}[]>}
   */
  texts(room, number) {
    return this.#chat.texts(room, number);
  }

  /**
   * Find messages that have all words of a text, the newest first.
   * @param {string} text
   * @param {{room?: string, before?: Record<string, number>, limit?: number}} [where]
   */
  search(text, where) {
    return this.#chat.search(text, where);
  }

  /** Load more of what a room shows, if there is more. @param {Room} room @param {"older" | "newer" | "newest"} way */
  turnPage(room, way) {
    this.#chat.turnPage(room, way);
  }

  /** Hear of the rates of these pairs, now and after each new connection. @param {string[]} pairs */
  subscribe(pairs) {
    this.#chat.subscribe(pairs);
    this.#chat.ask({ type: "subscribe", pairs });
  }

  /** Send any request of the chat protocol; whether that is possible now. @param {Message} message */
  ask(message) {
    return this.#chat.ask(message);
  }

  /** @param {Identify | null} token @returns {import("./chat.js").Audience} */
  #audience(token) {
    return {
      welcome: (rooms, epoch) => this.#emit("welcome", { rooms, epoch, self: this.self }),
      changed: () => this.#emit("change", this),
      heard: (room, message, isLive) => this.#emit("message", { room, message, isLive }),
      lineRefused: (text, line) => this.#emit("lineRefused", { text, line }),
      roomRefused: (room, text, suggestion, code) => this.#emit("roomRefused", { room, text, suggestion, code }),
      nameRefused: (text, suggestion, code) => this.#emit("nameRefused", { text, suggestion, code }),
      noIdentity: (error) => this.#emit("tokenFailed", error),
      phase: (phase, self) => this.#emit("phase", { phase, self }),
      notice: (text) => this.#emit("notice", text),
      other: (message) => this.#emit("other", message),
      event: (message) => this.#onEvent(message, token !== null),
    };
  }

  /** @param {Message} message @param {boolean} hasToken */
  #onEvent(message, hasToken) {
    this.#emit("event", message);
    if (message.type === "goodbye") {
      this.#connection.comeBackAfter(message.retry);
    }
    if (message.type === "logged_out" && hasToken && this.#watching) {
      // The token has expired, or the person is somebody else now: the next connection brings another.
      this.reconnect();
    }
  }

  #lost() {
    this.#chat.lost();
    this.#emit("lost", this);
  }

  /** @param {Status} status */
  #told(status) {
    this.#status = status;
    this.#emit("status", status);
  }

  /** @param {string} type @param {unknown} event */
  #emit(type, event) {
    for (const listener of this.#listeners.get(type) ?? []) {
      try {
        listener(event);
      } catch (error) {
        // It is the listener's own, and keeps neither us nor other listeners from going on.
        reportError(error);
      }
    }
  }
}

/** The chat that this module comes from; without a bundle its modules are below /src. */
function here() {
  return new URL(".", import.meta.url).href.replace(/src\/client\/$/, "");
}

/** @param {number} ms @param {() => void} call */
function later(ms, call) {
  const timer = setTimeout(call, ms);
  return () => clearTimeout(timer);
}

/** 32 or more characters. randomUUID exists on secure origins only, and a page may be served by plain http. */
export function randomText() {
  if ("randomUUID" in crypto) {
    return crypto.randomUUID();
  }
  const bytes = /** @type {Crypto} */ (crypto).getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
