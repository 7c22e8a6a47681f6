// @ts-check
/** What a message said before it was edited, for moderators. */

import { element, made, setText } from "../dom.js";
import { clockTime } from "./times.js";

/**
 * @typedef {import("../client/client.js").ChatClient} Chat
 * @typedef {import("../client/room.js").Said} Said
 */

export class EarlierTexts {
  #dialog = element("earlier", HTMLDialogElement);
  #list = element("earlier-list", HTMLElement);
  /** The message that the dialog is about. @type {Said | null} */
  #said = null;
  #chat;

  /** @param {() => Chat} chat */
  constructor(chat) {
    this.#chat = chat;
  }

  /** @param {string} room @param {Said} said */
  ask(room, said) {
    this.#said = said;
    this.#show(said);
    this.#dialog.open || this.#dialog.showModal();
    this.#chat()
      .texts(room, said.number)
      .then(
        (texts) => this.#show(said, texts),
        ({ message }) => this.#show(said, [], message),
      );
  }

  /** @param {Said} said @param {{text: string, time: string}[]} [texts] @param {string} [refusal] */
  #show(said, texts = [], refusal = "") {
    if (said === this.#said) {
      const lines = texts.map(({ text, time }) =>
        made("li", "", clockTime(time), made("div", "earlier-text", text)),
      );
      this.#list.replaceChildren(...lines);
      setText(/** @type {HTMLElement} */ (this.#dialog.querySelector(".refused")), refusal);
    }
  }
}
