// @ts-check
/** What moderators did, to whom and why: the audit log, the newest first, a page at a time. */

import { element, made } from "../../dom.js";
import { moment } from "../times.js";

const PAGE = 50;

/**
 * @typedef {import("../../client/exchange.js").Message} Message
 * @typedef {object} Entry
 * @property {number} number
 * @property {string} time  ISO 8601, UTC
 * @property {string} by
 * @property {string} action  the type of the request
 * @property {string} room
 * @property {string} target  a name, an address or the number of a message
 * @property {string} reason
 */

/** What comes after the moderator's name. @type {Record<string, (entry: Entry) => (Node | string)[]>} */
const DEEDS = {
  mute: ({ target }) => [" muted ", name(target)],
  unmute: ({ target }) => [" unmuted ", name(target)],
  ban: ({ target }) => [" banned ", name(target)],
  unban: ({ target }) => [" lifted the ban of ", name(target)],
  kick: ({ target, room }) => [" removed ", name(target), " from ", name(room)],
  delete: ({ target, room }) => [` deleted message ${target} in `, name(room)],
  edits: ({ target, room }) => [` read the earlier texts of message ${target} in `, name(room)],
};

export class AuditView {
  #dialog = element("audit", HTMLDialogElement);
  #list = element("audit-list", HTMLElement);
  #older = element("audit-older", HTMLButtonElement);
  #ask;
  /** The number above which all is shown; undefined before the first page. @type {number | undefined} */
  #before;

  /** @param {(dialog: HTMLDialogElement, message: Message) => boolean} ask  or say in the dialog that it cannot be */
  constructor(ask) {
    this.#ask = ask;
    this.#older.onclick = () => this.#more();
  }

  /** Ask for the newest entries; the dialog opens when they are here. */
  begin() {
    this.#before = undefined;
    this.#list.replaceChildren();
    this.#older.hidden = true;
    this.#more();
  }

  /** @param {Entry[]} entries */
  show(entries) {
    const now = new Date();
    if (this.#before !== undefined && (entries[0]?.number ?? 0) >= this.#before) {
      // It was asked for twice.
      return true;
    }
    this.#list.append(...entries.map((entry) => line(entry, now)));
    if (this.#list.children.length === 0) {
      this.#list.append(made("li", "deed", "No moderator has done anything yet."));
    }
    this.#before = entries[entries.length - 1]?.number ?? this.#before;
    this.#older.hidden = entries.length < PAGE;
    this.#dialog.open || this.#dialog.showModal();
    return true;
  }

  #more() {
    this.#ask(this.#dialog, { type: "audit", before: this.#before, limit: PAGE });
  }
}

/** @param {Entry} entry @param {Date} now */
function line(entry, now) {
  const { by, action, target, room, reason, time } = entry;
  const deed = Object.hasOwn(DEEDS, action) ? DEEDS[action]?.(entry) : [` ${action} ${target} ${room}`];
  const when = made("time", "time", moment(time, now));
  when.dateTime = time;
  when.title = new Date(time).toLocaleString();
  const what = made("span", "deed-what", name(by), ...(deed ?? []), ...(reason ? [": ", made("bdi", "", reason)] : []));
  return made("li", "deed", what, " ", when);
}

/** @param {string} text */
function name(text) {
  return made("b", "", made("bdi", "", text));
}
