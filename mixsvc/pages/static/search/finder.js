// @ts-check
/** Finds messages, by words or by the address of the page, and leads to them, wherever they are in their room. */

import { element, setText } from "../dom.js";
import { has, pageAround } from "./asking.js";
import { Places } from "./places.js";

/**
 * @typedef {import("../client/client.js").ChatClient} Chat
 * @typedef {import("./places.js").Place} Place
 * @typedef {{open: (room: string) => void}} Guided  the page
 * @typedef {{seek: (room: string, number: number) => void}} Log
 */

export class Finder {
  #places = new Places((place) => this.#leadTo(place));
  /** Why a link leads nowhere. */
  #error = element("link-error", HTMLElement);
  /** It is loaded when somebody searches first. @type {import("./search.js").SearchDialog | null} */
  #dialog = null;
  #chat;
  #page;
  #room;
  #log;

  /** @param {() => Chat} chat @param {Guided} page @param {() => string} room  the open one @param {Log} log */
  constructor(chat, page, room, log) {
    this.#chat = chat;
    this.#page = page;
    this.#room = room;
    this.#log = log;
    element("search-open", HTMLButtonElement).onclick = () => this.#openSearch();
    addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Go where the page's address leads: one is in one's rooms, or comes to them. */
  begin() {
    const { first } = this.#places;
    first ? this.#leadTo(first) : this.#places.begin(this.#room());
  }

  /** The person sees this room now. @param {string} room */
  at(room) {
    setText(this.#error, "");
    this.#places.at(room);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const isCalled = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key === "k";
    // Another dialog may be open.
    if (isCalled && !document.querySelector("dialog[open]:not(#search)")) {
      event.preventDefault();
      this.#openSearch();
    }
  }

  async #openSearch() {
    setText(this.#error, "");
    try {
      const { SearchDialog } = await import("./search.js");
      this.#dialog ??= new SearchDialog(this.#chat, this.#room, (place) => this.#leadTo(place));
      this.#dialog.open();
    } catch {
      setText(this.#error, "The search cannot be loaded now. Load the page again when you are online.");
    }
  }

  /** @param {Place} place */
  async #leadTo({ room, number }) {
    setText(this.#error, "");
    if (number === null) {
      this.#page.open(room);
      return;
    }
    try {
      number === 0 ? setText(this.#error, `This link names no message of ${room}.`) : await this.#seek(room, number);
    } catch (error) {
      setText(this.#error, `${room}: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** @param {string} room @param {number} number */
  async #seek(room, number) {
    const chat = this.#chat();
    const isTold = chat.rooms.get(room)?.place === "inside";
    // Before it is joined: a link makes no room.
    const found = await pageAround(chat, room, number);
    if (!has(found, number)) {
      setText(this.#error, whyGone(room, number, found));
      return;
    }
    this.#page.open(room);
    const joined = await chat.join(room);
    if (!has(joined, number)) {
      // Before one was inside, nobody told what was edited and deleted since.
      joined.turnTo(isTold ? found : await pageAround(chat, room, number));
    }
    this.#log.seek(room, number);
  }
}

/** @param {string} room @param {number} number @param {{first: number, last: number}} kept */
function whyGone(room, number, { first, last }) {
  if (number > last) {
    return `There is no message ${number} in ${room}.`;
  }
  const isOld = number < first;
  return isOld ? `Message ${number} of ${room} is not kept any more.` : `Message ${number} of ${room} is gone.`;
}
