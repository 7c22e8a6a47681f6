// @ts-check
/** A connection that comes back by itself. It carries texts and knows nothing of what they mean. */

import { Socket } from "./socket.js";

/** How long a connection may take to open; several transports are tried in that time. */
const OPEN_MS = 30_000;
/** The server's word that it does not want us: no need to ask soon. */
const SENT_AWAY = 4003;
/** A connection that lasted this long was a good one: the next wait is short again. */
const GOOD_MS = 5_000;
const LONGEST_WAIT_S = 30;
/** The server lets hear of it every 25 s at least: after this silence something is wrong. */
const SILENCE_MS = 60_000;

/**
 * @typedef {{state: "closed" | "connecting"} | {state: "online", transport: string} | Offline} Status
 * @typedef {{state: "offline", seconds: number, reason: string}} Offline  reason: why we were sent away, or ""
 *
 * @typedef {object} Listener
 * @property {() => void} opened
 * @property {(text: string) => void} received
 * @property {() => void} lost  an open connection has ended
 * @property {(status: Status) => void} status  told at each change, and each second while offline
 */

export class Connection {
  /** @type {Socket | null} */
  #socket = null;
  /** The transport of the last connection that was open, which is tried first. */
  #transport = "";
  #openedAt = 0;
  #heardAt = 0;
  #failures = 0;
  #timer = 0;
  #prefix;
  #listener;

  /**
   * @param {string} prefix  the path of the SockJS endpoint
   * @param {Listener} listener
   */
  constructor(prefix, listener) {
    this.#prefix = prefix;
    this.#listener = listener;
  }

  /** Connect now, whatever the wait was; nothing happens where a connection exists or is being made. */
  open() {
    if (this.#socket) {
      return;
    }
    clearTimeout(this.#timer);
    this.#listener.status({ state: "connecting" });
    const socket = new Socket(this.#prefix, this.#transport);
    this.#socket = socket;
    this.#timer = setTimeout(() => this.drop(), OPEN_MS);
    socket.onopen = () => this.#is(socket) && this.#onOpen(socket);
    socket.onmessage = (text) => this.#is(socket) && this.#onMessage(text);
    socket.onheartbeat = () => (this.#heardAt = performance.now());
    socket.onclose = (code, reason) => this.#is(socket) && this.#onClose(code === SENT_AWAY ? reason : "");
  }

  /** End this connection, if there is one, and open another at once: it carries the cookies of now. */
  restart() {
    this.close();
    this.open();
  }

  /** End this connection, if there is one, and open no other until open() is called. */
  close() {
    const socket = this.#socket;
    const wasOpen = this.#openedAt > 0;
    clearTimeout(this.#timer);
    this.#socket = null;
    this.#openedAt = 0;
    wasOpen && this.#listener.lost();
    socket?.close();
  }

  /** Send a text; it is lost where the connection is, so the caller waits for an answer. @param {string} text */
  send(text) {
    if (this.#openedAt) {
      this.#socket?.send(text);
    }
  }

  /** Give this connection up and come back with another: the peer does not answer. */
  drop() {
    const socket = this.#socket;
    if (socket) {
      // The end of a dead connection can take minutes to be noticed: nobody waits for it.
      this.#onClose("");
      socket.close();
    }
  }

  /** @param {Socket} socket */
  #is(socket) {
    return this.#socket === socket;
  }

  /** @param {Socket} socket */
  #onOpen(socket) {
    clearTimeout(this.#timer);
    this.#openedAt = performance.now();
    this.#heardAt = this.#openedAt;
    this.#watch(socket);
    this.#transport = socket.transport;
    this.#listener.status({ state: "online", transport: socket.transport });
    this.#listener.opened();
  }

  /** @param {string} text */
  #onMessage(text) {
    this.#heardAt = performance.now();
    this.#listener.received(text);
  }

  /** Find out when the peer is gone without a word, whether or not the page is seen. @param {Socket} socket */
  #watch(socket) {
    if (performance.now() - this.#heardAt >= SILENCE_MS) {
      this.drop();
    } else {
      this.#timer = setTimeout(() => this.#watch(socket), this.#heardAt + SILENCE_MS - performance.now());
    }
  }

  /** @param {string} reason  why we were sent away; "" where we were not */
  #onClose(reason) {
    clearTimeout(this.#timer);
    const openedAt = this.#openedAt;
    this.#socket = null;
    this.#openedAt = 0;
    if (!openedAt) {
      // Another network may not have it.
      this.#transport = "";
    }
    if (openedAt && performance.now() - openedAt >= GOOD_MS) {
      this.#failures = 0;
    }
    const seconds = reason ? LONGEST_WAIT_S : waitSeconds(this.#failures);
    this.#failures += 1;
    if (openedAt) {
      this.#listener.lost();
    }
    this.#countDown(seconds, reason);
  }

  /** @param {number} seconds @param {string} reason */
  #countDown(seconds, reason) {
    if (seconds <= 0) {
      this.open();
      return;
    }
    this.#listener.status({ state: "offline", seconds: Math.ceil(seconds), reason });
    const step = Math.min(1, seconds);
    this.#timer = setTimeout(() => this.#countDown(seconds - step, reason), step * 1000);
  }
}

/** How long to wait after so many failures; at random, so that a restart does not bring everybody back at once.
 * @param {number} failures
 */
function waitSeconds(failures) {
  return Math.min(LONGEST_WAIT_S, 2 ** failures) * (0.5 + Math.random() / 2);
}
