// @ts-check
/**
 * One connection to the chat: a WebSocket, which speaks SockJS's frames, or another transport of SockJS where no
 * WebSocket comes about. A socket opens once and closes once; it does not come back.
 */

import { json } from "./json.js";

/** How long a transport may take to open; SockJS by itself gives up a WebSocket after 0.6 s on a fast network. */
const TRANSPORT_MS = 3_000;
/** How long the service may take to say that it can be reached without a WebSocket. */
const INFO_MS = 10_000;
/** How often it is asked at once, and how soon after each other: a browser may ask by connections that are dead. */
const INFO_TRIES = 5;
const INFO_STEP_MS = 400;
/** The code of an end without a word. */
const NO_WORD = 1006;

/** @typedef {import("./fallback.js").SockJSSocket} SockJSSocket */

export class Socket {
  onopen = () => {};
  /** @type {(text: string) => void} */
  onmessage = () => {};
  /** The server lets hear of it every 25 s at least. */
  onheartbeat = () => {};
  /** @type {(code: number, reason: string) => void} */
  onclose = () => {};
  /** The transport of an open socket. */
  transport = "";
  /** Whether the service was there, though perhaps not by the transport. */
  isReached = false;
  /** @type {"opening" | "open" | "closed"} */
  #state = "opening";
  /** @type {WebSocket | SockJSSocket | null} */
  #carrier = null;
  #timer = 0;
  #url;
  #before;

  /**
   * @param {string} url  of the SockJS endpoint, or its path
   * @param {string} [before]  the transport of an earlier socket, which is tried first; "" if there was none
   */
  constructor(url, before = "") {
    this.#url = new URL(url, location.href).href.replace(/\/$/, "");
    this.#before = before;
    // Whoever made it sets its handlers first.
    queueMicrotask(() => this.#begin());
  }

  /** Send a text; an open socket alone sends. @param {string} text */
  send(text) {
    const carrier = this.#carrier;
    // SockJS's client makes its own frames.
    carrier?.send("transport" in carrier ? text : json([text]));
  }

  /** End it, without a word to onclose. */
  close() {
    this.#state = "closed";
    this.#drop();
  }

  #begin() {
    const isPossible = typeof globalThis.WebSocket === "function" && ["", "websocket"].includes(this.#before);
    if (this.#state === "closed" || (isPossible && this.#openWebsocket())) {
      return;
    }
    this.#fallBack();
  }

  /** Whether a WebSocket is being made. */
  #openWebsocket() {
    let socket;
    try {
      socket = new WebSocket(`${this.#url.replace(/^http/, "ws")}/${session()}/websocket`);
    } catch {
      // The page's policy does not allow it.
      return false;
    }
    this.#carrier = socket;
    this.#timer = setTimeout(() => this.#onFailure(socket), TRANSPORT_MS);
    socket.onmessage = ({ data }) => this.#carrier === socket && this.#onFrame(String(data));
    socket.onclose = () => this.#onFailure(socket);
    return true;
  }

  /** The WebSocket is gone, or does not open. @param {WebSocket} socket */
  #onFailure(socket) {
    if (this.#carrier !== socket) {
      return;
    }
    this.#drop();
    this.#state === "open" ? this.#end(NO_WORD, "") : this.#fallBack();
  }

  /** A frame of the SockJS protocol. @param {string} frame */
  #onFrame(frame) {
    if (frame === "o") {
      this.#opened("websocket");
    } else if (frame === "h") {
      this.onheartbeat();
    } else if (frame.startsWith("a")) {
      content(frame).forEach((text) => this.onmessage(String(text)));
    } else if (frame.startsWith("c")) {
      const [code, reason] = content(frame);
      this.#drop();
      this.#end(Number(code), String(reason));
    }
  }

  async #fallBack() {
    if (!(await this.#isReachable())) {
      this.#end(NO_WORD, "");
      return;
    }
    try {
      const { SockJS } = await import("./fallback.js");
      this.#state === "opening" && this.#follow(new SockJS(this.#url, null, this.#options));
    } catch {
      this.#end(NO_WORD, "");
    }
  }

  get #options() {
    const transports = ["", "websocket"].includes(this.#before) ? undefined : [this.#before];
    return { timeout: TRANSPORT_MS, transports };
  }

  /** @param {SockJSSocket} socket */
  #follow(socket) {
    this.#carrier = socket;
    socket.onopen = () => this.#opened(socket.transport);
    socket.onmessage = ({ data }) => this.onmessage(String(data));
    socket.onheartbeat = () => this.onheartbeat();
    socket.onclose = ({ code, reason }) => this.#carrier === socket && this.#end(code, reason);
  }

  /** Whether another transport has a chance: a module that cannot be loaded is never asked for again. */
  async #isReachable() {
    this.isReached = await reached(`${this.#url}/info`);
    return this.isReached && this.#state === "opening";
  }

  /** @param {string} transport */
  #opened(transport) {
    clearTimeout(this.#timer);
    this.#state = "open";
    this.transport = transport;
    this.onopen();
  }

  #drop() {
    clearTimeout(this.#timer);
    const carrier = this.#carrier;
    this.#carrier = null;
    if (carrier && !("transport" in carrier) && carrier.readyState === carrier.CONNECTING) {
      // Closed before, it would be an error in the browser's console.
      carrier.onopen = () => carrier.close();
    } else {
      carrier?.close();
    }
  }

  /** @param {number} code @param {string} reason */
  #end(code, reason) {
    clearTimeout(this.#timer);
    const isNews = this.#state !== "closed";
    this.#state = "closed";
    this.#carrier = null;
    isNews && this.onclose(code, reason);
  }
}

/**
 * Whether something is there. After a change of the network the connections that the browser has kept are dead, and it
 * asks by them first: a request that waits for one keeps it from the next, and ends it when it is given up.
 * @param {string} url
 */
async function reached(url) {
  const ended = new AbortController();
  const { signal } = ended;
  const timer = setTimeout(() => ended.abort(), INFO_MS);
  const tries = Array.from({ length: INFO_TRIES }, async (_, index) => {
    await pause(index * INFO_STEP_MS, signal);
    return (await fetch(url, { cache: "no-store", signal })).ok;
  });
  try {
    // A dead connection says nothing: whatever is said first is true.
    return await Promise.race(tries);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    ended.abort();
  }
}

/** @param {number} ms @param {AbortSignal} signal @returns {Promise<void>} rejected where it is ended before */
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => reject(clearTimeout(timer)), { once: true });
  });
}

/** What a frame has after its letter; nothing where that is no array. @param {string} frame @returns {unknown[]} */
function content(frame) {
  try {
    const found = JSON.parse(frame.slice(1));
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}

/** The part of a URL that names a server and a session of it. */
function session() {
  const numbers = crypto.getRandomValues(new Uint32Array(3));
  const name = [...numbers.subarray(1)].map((number) => number.toString(36)).join("");
  return `${String((numbers[0] ?? 0) % 1000).padStart(3, "0")}/${name}`;
}
