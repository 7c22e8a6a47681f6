// @ts-check
/** What a message said before it was edited, for moderators. */

import { element, made } from "../dom.js";
import { clockTime } from "./times.js";

/**
 * @typedef {import("../client/exchange.js").Message} Message
 * @typedef {import("../client/room.js").Said} Said
 */

export class EarlierTexts {
  #dialog = element("earlier", HTMLDialogElement);
  #list = element("earlier-list", HTMLElement);
  #ask;

  /** @param {(message: Message) => boolean} ask  whether it is asked: not while nobody can be */
  constructor(ask) {
    this.#ask = ask;
  }

  /** @param {string} room @param {Said} said */
  ask(room, { number }) {
    const refused = /** @type {HTMLElement} */ (this.#dialog.querySelector(".refused"));
    this.#list.replaceChildren();
    refused.textContent = this.#ask({ type: "edits", room, number }) ? "" : "There is no connection now.";
    this.#dialog.open || this.#dialog.showModal();
  }

  /** @param {{text: string, time: string}[]} texts  the oldest first */
  show(texts) {
    const lines = texts.map(({ text, time }) =>
      made("li", "", clockTime(time), made("div", "earlier-text", text)),
    );
    this.#list.replaceChildren(...lines);
  }
}
