// @ts-check
/** The connection, in words that are always seen. */

import { element, set_text } from "../dom.js";

/** @typedef {import("../client/connection.js").Status} Status */

export class StatusView {
  #status = element("chat-status", HTMLElement);
  #try_now = element("try-now", HTMLButtonElement);

  /** @param {() => void} try_now */
  constructor(try_now) {
    this.#try_now.onclick = try_now;
  }

  /** @param {Status} status */
  show(status) {
    this.#status.dataset["state"] = status.state;
    set_text(this.#status, words(status));
    // A screen reader says that it is offline, not each second of the wait.
    this.#status.setAttribute("aria-live", status.state === "offline" ? "off" : "polite");
    this.#try_now.hidden = status.state !== "offline";
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
  return `${status.reason || "offline"}, next try in ${status.seconds} s`;
}
