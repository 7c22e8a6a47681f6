// @ts-check
/** Who is muted, as far as this window has been told; whoever is muted reads so above the line that they write. */

import { element, setText } from "../../dom.js";
import { because } from "../sentences.js";
import { moment } from "../times.js";

/** A timer cannot wait longer than some weeks. */
const LONGEST_MS = 3_600_000;

/**
 * @typedef {import("../../client/exchange.js").Message} Message
 * @typedef {{by: string, until: string, reason: string}} Mute
 */

export class Standing {
  #bar = element("muted", HTMLElement);
  /** By the name of who is muted. @type {Map<string, Mute>} */
  #mutes = new Map();
  #timer = 0;
  #changed;

  /** @param {() => void} changed  a mute has ended by itself */
  constructor(changed) {
    this.#changed = changed;
  }

  /** Note what the chat tells. @param {Message} message */
  take(message) {
    if (message.type === "muted") {
      this.#mutes.set(message["name"], /** @type {any} */ (message));
    } else if (message.type === "unmuted") {
      this.#mutes.delete(message["name"]);
    } else if (message.type === "sanctions") {
      const mutes = message["sanctions"].filter((/** @type {{kind: string}} */ { kind }) => kind === "mute");
      this.#mutes = new Map(mutes.map((/** @type {Mute & {name: string}} */ mute) => [mute.name, mute]));
    }
  }

  /**
   * Somebody muted us before this window was there.
   *
   * @param {string} me
   * @param {number | undefined} seconds  how long it goes on; undefined if the refusal does not say it
   */
  refused(me, seconds) {
    if (seconds !== undefined && !this.isMuted(me)) {
      this.#mutes.set(me, { by: "", until: new Date(Date.now() + seconds * 1000).toISOString(), reason: "" });
      this.#changed();
    }
  }

  /** @param {string} name */
  isMuted(name) {
    return Date.parse(this.#mutes.get(name)?.until ?? "") > Date.now();
  }

  /** @param {string} me */
  show(me) {
    const mute = this.#mutes.get(me);
    clearTimeout(this.#timer);
    this.#bar.hidden = !mute || !this.isMuted(me);
    if (mute && !this.#bar.hidden) {
      const { by, until, reason } = mute;
      const who = by ? `${by} muted you` : "You are muted";
      const told = `${who} until ${moment(until, new Date())}${because(reason)}`;
      setText(this.#bar, `${told.replace(/\.$/, "")}. You can read on, and write again then.`);
      const ms = Math.min(LONGEST_MS, Date.parse(until) - Date.now() + 1);
      this.#timer = setTimeout(() => this.#changed(), ms);
    }
  }
}
