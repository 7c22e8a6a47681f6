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
/** The longest time that the service may ask us to stay away. */
const LONGEST_ASKED_S = 300;
/** After so much silence we ask for a sign of life: soon where somebody would miss what does not come. */
const QUIET_MS = 3_500;
const UNWATCHED_QUIET_MS = 20_000;
/** So long the sign may take; then another connection is made beside the first, and whichever speaks first stays. */
const DOUBT_MS = 1_500;
/** As long as it may take where connections were only slow. */
const LONGEST_DOUBT_MS = 12_000;
/** The server lets hear of it every 25 s at least: after this silence the connection is dead whatever else is so. */
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
 * @property {() => void} ping  send something that the server answers at once
 * @property {() => boolean} isNeeded  somebody would notice soon that the connection is dead
 */

/** Whoever is told something may end it, or begin anew: what goes on after that looks first. */
export class Connection {
  /** Nobody wants one: open() has not been called, or close() since. */
  #isEnded = true;
  /** @type {Socket | null} */
  #socket = null;
  /** The transport of the last connection that was open, which is tried first. */
  #transport = "";
  #openedAt = 0;
  #heardAt = 0;
  #failures = 0;
  /** When the service wants to see us again, if it has said so. @type {number | null} */
  #askedForS = null;
  #timer = 0;
  /** The connection that is made beside one that is silent. @type {Socket | null} */
  #rival = null;
  #doubtMs = DOUBT_MS;
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
    this.#isEnded = false;
    if (this.#socket) {
      return;
    }
    clearTimeout(this.#timer);
    const socket = this.#made();
    this.#socket = socket;
    this.#timer = setTimeout(() => this.drop(), OPEN_MS);
    socket.onopen = () => this.#is(socket) && this.#onOpen(socket);
    socket.onclose = (code, reason) => this.#is(socket) && this.#onClose(code, reason);
    this.#listener.status({ state: "connecting" });
  }

  #made() {
    const socket = new Socket(this.#prefix, this.#transport);
    socket.onmessage = (text) => this.#is(socket) && this.#onMessage(text);
    socket.onheartbeat = () => this.#is(socket) && this.#heard();
    return socket;
  }

  /** Find out soon whether the connection still lives: the computer may have slept. */
  probe() {
    if (this.#openedAt && !this.#rival) {
      clearTimeout(this.#timer);
      this.#ask();
    }
  }

  /** End this connection, if there is one, and open another at once: it carries the cookies of now. */
  restart() {
    this.#isEnded = false;
    this.#end();
    this.#isEnded || this.open();
  }

  /** End this connection, if there is one, and open no other until open() is called. */
  close() {
    this.#isEnded = true;
    this.#end();
  }

  #end() {
    const socket = this.#socket;
    const wasOpen = this.#openedAt > 0;
    clearTimeout(this.#timer);
    this.#endRival();
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

  /** The service is about to close the connection, and says when it wants to see us again. @param {unknown} seconds */
  comeBackAfter(seconds) {
    this.#askedForS = typeof seconds === "number" ? Math.min(Math.max(seconds, 0), LONGEST_ASKED_S) : null;
  }

  /** Give this connection up and come back with another: the peer does not answer. */
  drop() {
    const socket = this.#socket;
    if (socket) {
      // The end of a dead connection can take minutes to be noticed: nobody waits for it.
      this.#onClose(0, "");
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
    this.#askedForS = null;
    this.#transport = socket.transport;
    this.#watch();
    this.#listener.status({ state: "online", transport: socket.transport });
    this.#is(socket) && this.#listener.opened();
  }

  /** @param {string} text */
  #onMessage(text) {
    this.#heard();
    this.#listener.received(text);
  }

  /** It lives. */
  #heard() {
    this.#heardAt = performance.now();
    if (this.#rival) {
      // It was only slow, and may be so again: each doubt costs the service a connection.
      this.#doubtMs = Math.min(LONGEST_DOUBT_MS, 2 * this.#doubtMs);
      this.#endRival();
      this.#watch();
    }
  }

  get #silentMs() {
    return performance.now() - this.#heardAt;
  }

  /** Find out when the peer is gone without a word, whether or not the page is seen. */
  #watch() {
    const quiet = this.#listener.isNeeded() ? QUIET_MS : UNWATCHED_QUIET_MS;
    clearTimeout(this.#timer);
    if (this.#silentMs >= quiet) {
      this.#ask();
    } else {
      this.#timer = setTimeout(() => this.#watch(), quiet - this.#silentMs);
    }
  }

  #ask() {
    const since = performance.now();
    this.#listener.ping();
    this.#timer = setTimeout(() => (this.#heardAt > since ? this.#watch() : this.#doubt()), this.#doubtMs);
  }

  /** No sign of life. A network that has changed may carry new connections alone; a slow one answers late. */
  #doubt() {
    const rival = this.#made();
    this.#rival = rival;
    rival.onopen = () => this.#rival === rival && this.#replace(rival);
    rival.onclose = (code, reason) => this.#rival === rival && this.#onClose(code, reason);
    this.#timer = setTimeout(() => this.drop(), Math.max(DOUBT_MS, SILENCE_MS - this.#silentMs));
  }

  /** The first connection is dead. @param {Socket} rival */
  #replace(rival) {
    const dead = this.#socket;
    this.#rival = null;
    this.#socket = rival;
    this.#openedAt = 0;
    rival.onclose = (code, reason) => this.#is(rival) && this.#onClose(code, reason);
    dead?.close();
    this.#listener.lost();
    this.#is(rival) && this.#onOpen(rival);
  }

  #endRival() {
    const rival = this.#rival;
    this.#rival = null;
    rival?.close();
  }

  /** @param {number} code @param {string} given  its reason */
  #onClose(code, given) {
    const reason = code === SENT_AWAY ? given : "";
    const openedAt = this.#openedAt;
    const silent = this.#socket;
    const isReached = this.#socket?.isReached;
    clearTimeout(this.#timer);
    this.#endRival();
    this.#socket = null;
    this.#openedAt = 0;
    silent?.close();
    if (!openedAt && isReached) {
      // The service is there, but not by this transport: another network may not have it.
      this.#transport = "";
    }
    if (openedAt && performance.now() - openedAt >= GOOD_MS) {
      this.#failures = 0;
    }
    const seconds = reason ? LONGEST_WAIT_S : this.#nextWaitS();
    this.#failures += 1;
    if (openedAt) {
      this.#listener.lost();
    }
    this.#countDown(performance.now() + seconds * 1000, reason);
  }

  /** As the service has asked, this once; or longer after each failure. */
  #nextWaitS() {
    const asked = this.#askedForS;
    this.#askedForS = null;
    return asked ?? waitSeconds(this.#failures);
  }

  /** The timers of a tab that is not seen come late. @param {number} until @param {string} reason */
  #countDown(until, reason) {
    if (this.#isEnded || this.#socket) {
      return;
    }
    const ms = until - performance.now();
    if (ms <= 0) {
      this.open();
      return;
    }
    this.#timer = setTimeout(() => this.#countDown(until, reason), Math.min(1000, ms));
    this.#listener.status({ state: "offline", seconds: Math.ceil(Math.round(ms) / 1000), reason });
  }
}

/** What a person is told of it: a connection is of no use to somebody who is not let in yet.
 * @param {Status} status @param {import("./greeting.js").Phase} phase @returns {Status}
 */
export function statusFor(status, phase) {
  const isWaiting = phase === "away" || phase === "greeting";
  return status.state === "online" && isWaiting ? { state: "connecting" } : status;
}

/** Until when a moderator has banned us, as far as a status tells; "" where none has. @param {Status} status */
export function bannedUntil(status) {
  return status.state === "offline" ? (/^Banned until (.+)$/.exec(status.reason)?.[1] ?? "") : "";
}

/** How long to wait after so many failures; at random, so that a restart does not bring everybody back at once.
 * @param {number} failures
 */
function waitSeconds(failures) {
  return Math.min(LONGEST_WAIT_S, 2 ** failures) * (0.5 + Math.random() / 2);
}
