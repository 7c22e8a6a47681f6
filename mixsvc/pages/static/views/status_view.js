// @ts-check
/** The connection, in words that are always seen. */

import { element, setText } from "../dom.js";

/** @typedef {import("../client/connection.js").Status} Status */

export class StatusView {
  #status = element("chat-status", HTMLElement);
  #tryNow = element("try-now", HTMLButtonElement);

  /** @param {() => void} tryNow */
  constructor(tryNow) {
    this.#tryNow.onclick = tryNow;
  }

  /** @param {Status} status */
  show(status) {
    this.#status.dataset["state"] = status.state;
    setText(this.#status, words(status));
    // A screen reader says that it is offline, not each second of the wait.
    this.#status.setAttribute("aria-live", status.state === "offline" ? "off" : "polite");
    this.#tryNow.hidden = status.state !== "offline" || status.reason !== "";
  }
}

/** @param {Status} status */
function words(status) {
  if (status.state === "online") {
    return `online over ${status.transport}`;
  }
  if (status.state !== "offline") {
    return status.state;
  }
  // Whoever was sent away reads why where the talk was.
  return status.reason ? "sent away" : `offline, next try in ${status.seconds} s`;
}
