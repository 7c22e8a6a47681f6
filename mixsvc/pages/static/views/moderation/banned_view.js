// @ts-check
/** What somebody who is banned sees: that it is so, by whom and until when, and what they can do. */

import { bannedUntil } from "../../client/connection.js";
import { element, setText } from "../../dom.js";
import { because } from "../sentences.js";
import { moment } from "../times.js";

/** A connection that was not closed for so long is one of somebody who is not banned. */
const LET_IN_MS = 1_000;

/**
 * @typedef {import("../../client/connection.js").Status} Status
 * @typedef {{by: string, until: string, reason: string}} Ban
 */

export class BannedView {
  #panel = element("banned", HTMLElement);
  #text = element("banned-until", HTMLElement);
  /** As it was told to those in a room, where that is known. @type {Ban | null} */
  #ban = null;
  #timer = 0;
  #changed;

  isBanned = false;

  /** @param {() => void} check  whether it is so still @param {() => void} changed */
  constructor(check, changed) {
    this.#changed = changed;
    element("banned-check", HTMLButtonElement).onclick = check;
  }

  /** Somebody told who has banned us, and why. @param {Ban} ban */
  told(ban) {
    this.#ban = ban;
  }

  /** @param {Status} status */
  take(status) {
    clearTimeout(this.#timer);
    const until = bannedUntil(status);
    if (until) {
      this.#say(until);
      this.#move(true);
    } else if (status.state === "online" && this.isBanned) {
      this.#timer = setTimeout(() => this.letIn(), LET_IN_MS);
    }
  }

  /** The chat has taken us. */
  letIn() {
    clearTimeout(this.#timer);
    this.#ban = null;
    this.#move(false);
  }

  /** @param {string} until */
  #say(until) {
    // Another ban may have taken its place.
    const isSame = this.#ban !== null && Math.abs(Date.parse(this.#ban.until) - Date.parse(until)) < 1000;
    const when = moment(until, new Date());
    const who = isSame ? `${this.#ban?.by} banned you` : "You are banned";
    setText(this.#text, `${who} until ${when}${isSame ? because(this.#ban?.reason) : ""}`);
  }

  /** @param {boolean} isBanned */
  #move(isBanned) {
    if (this.isBanned !== isBanned) {
      this.isBanned = isBanned;
      this.#panel.hidden = !isBanned;
      this.#changed();
    }
  }
}
