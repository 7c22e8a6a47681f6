// @ts-check
/** All that moderators do, for the page: to others, and what it means for the person here. */

import { BannedView } from "./banned_view.js";
import { Moderation } from "./moderation.js";
import { Standing } from "./standing.js";

/**
 * @typedef {import("../../client/exchange.js").Message} Message
 * @typedef {import("../../client/greeting.js").Phase} Phase
 * @typedef {import("../../client/greeting.js").Self} Self
 * @typedef {import("../../client/connection.js").Status} Status
 *
 * @typedef {object} Host
 * @property {(message: Message) => boolean} ask  whether it is asked: not while nobody can be
 * @property {() => void} connect  try whether one is let in
 * @property {() => void} changed  something here has changed
 */

export class Conduct {
  /** @type {Self} */
  #self = { name: "", moderator: false };
  #standing;
  #banned;
  #moderation;

  /** @param {Host} host */
  constructor({ ask, connect, changed }) {
    this.#standing = new Standing(changed);
    this.#banned = new BannedView(connect, changed);
    this.#moderation = new Moderation(ask, (name) => this.isMuted(name));
  }

  get isBanned() {
    return this.#banned.isBanned;
  }

  /** @param {string} name */
  isMuted(name) {
    return this.#standing.isMuted(name);
  }

  /** What a menu offers to the person here. @returns {import("../parts/menu.js").Item[]} */
  items() {
    return this.#self.moderator ? this.#moderation.items() : [];
  }

  /** What may be done about somebody in a room. @param {string} room @param {string} name */
  itemsFor(room, name) {
    return this.#moderation.itemsFor(room, name);
  }

  /** @param {import("../../client/room.js").Room | undefined} room @param {import("../../client/room.js").Said} said */
  confirmDeletion(room, said) {
    this.#moderation.confirmDeletion(room, said);
  }

  /** @param {Status} status */
  status(status) {
    this.#banned.take(status);
  }

  /** @param {Phase} phase @param {Self} self */
  phase(phase, self) {
    this.#self = self;
    if (phase === "here") {
      this.#banned.letIn();
      self.moderator && this.#moderation.begin();
    }
  }

  /** Everything that comes. @param {Message} message */
  hear({ type, code, wait }) {
    if (type === "error" && code === "muted") {
      this.#standing.refused(this.#self.name, wait);
    }
  }

  /** @param {Message} message @returns {boolean} whether it is answered by it, so that nobody has to read it as well */
  take(message) {
    this.#standing.take(message);
    if (message.type === "banned" && message["name"] === this.#self.name) {
      this.#banned.told(/** @type {any} */ (message));
    }
    return this.#moderation.take(message);
  }

  /** Show the person where they stand. */
  show() {
    this.#standing.show(this.isBanned ? "" : this.#self.name);
  }
}
