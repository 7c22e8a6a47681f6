// @ts-check
/** SockJS's own client, for networks on which no WebSocket comes about; it is loaded when it is needed. */

// @ts-ignore: the file comes from npm, and a checkout without npm has none.
import * as library from "../vendor/sockjs.min.js";

/**
 * @typedef {{timeout: number, transports: string[] | undefined}} Options
 * @typedef {new (url: string, protocols: null, options: Options) => SockJSSocket} SockJSClient
 * @typedef {WebSocket & {transport: string, onheartbeat: (() => void) | null}} SockJSSocket
 */

/** A bundler makes a module of the library; a browser that loads it by itself gets a global. */
export const SockJS = /** @type {SockJSClient} */ (
  library.default ?? /** @type {{SockJS?: unknown}} */ (/** @type {unknown} */ (globalThis)).SockJS
);
