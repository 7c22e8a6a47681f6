// @ts-check
/** What a promise of the client is rejected with. */

/** A request that was refused. The message is a sentence for the person. */
export class ChatError extends Error {
  name = "ChatError";

  /**
   * @param {string} code  for programs: one of the chat protocol, or `lost` (the connection), `discarded`, `left`
   * @param {string} text
   * @param {{suggestion?: string, room?: string, wait?: number}} [more]
   */
  constructor(code, text, more = {}) {
    super(text);
    this.code = code;
    this.suggestion = more.suggestion ?? "";
    this.room = more.room ?? "";
    /** After how many seconds it may be tried again; 0 where that is not said. */
    this.wait = more.wait ?? 0;
  }
}

/** Why the server has refused something. @param {import("./exchange.js").Message} message */
export function errorOf({ code, text, suggestion, room, wait }) {
  return new ChatError(code, text, { suggestion, room, wait });
}

/** Nobody can be asked. @param {string} [room]  where it is about one */
export function noConnection(room) {
  return new ChatError("lost", "There is no connection now. Try again when you are online.", { room });
}

/** Nobody has to look at it. @template T @param {ChatError} error @returns {Promise<T>} */
export function rejected(error) {
  const promise = Promise.reject(error);
  promise.catch(() => {});
  return promise;
}
