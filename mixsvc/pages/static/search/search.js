// @ts-check
/** Where one searches: a dialog with the messages that were found, each a link to its place. It is loaded by itself. */

import { element, made, onSubmit, setText } from "../dom.js";
import { written } from "../views/names.js";
import { clockTime, dayName } from "../views/times.js";
import { Asking } from "./asking.js";
import { markedText } from "./marks.js";
import { addressOf, placeOf } from "./places.js";

/**
 * @typedef {import("../client/client.js").ChatClient} Chat
 * @typedef {import("../client/searches.js").Found} Found
 * @typedef {Found["messages"][number]} Hit
 */

export class SearchDialog {
  #dialog = element("search", HTMLDialogElement);
  #text = element("search-text", HTMLInputElement);
  #isHere = element("search-here", HTMLInputElement);
  #list = element("search-found", HTMLElement);
  #status = element("search-status", HTMLElement);
  #more = element("search-more", HTMLButtonElement);
  #asking;
  #room;
  #go;

  /**
   * @param {() => Chat} chat
   * @param {() => string} room  the open one
   * @param {(place: import("./places.js").Place) => void} go
   */
  constructor(chat, room, go) {
    this.#asking = new Asking(chat, {
      begun: () => this.#begun(),
      found: (found, goOn) => this.#show(found, goOn),
      failed: (error) => {
        // The class is another one in the page's bundle.
        const isOurs = error instanceof Error && error.name === "ChatError";
        setText(this.#status, isOurs ? error.message : "The search has failed.");
      },
    });
    this.#room = room;
    this.#go = go;
    onSubmit(element("search-form", HTMLFormElement), () => this.#search());
  }

  open() {
    if (!this.#dialog.open) {
      this.#dialog.showModal();
    }
    this.#text.select();
  }

  #search() {
    this.#list.replaceChildren();
    this.#asking.search(this.#text.value.trim(), this.#isHere.checked ? this.#room() : undefined);
  }

  #begun() {
    this.#more.hidden = true;
    setText(this.#status, "Searching…");
  }

  /** @param {Found} found @param {() => void} goOn */
  #show(found, goOn) {
    this.#list.append(...found.messages.map((hit) => this.#line(hit, found.words)));
    this.#more.hidden = !found.before;
    this.#more.onclick = goOn;
    const count = this.#list.childElementCount;
    const all = count === 0 ? "Nothing was found" : count === 1 ? "One message" : `${count} messages`;
    setText(this.#status, found.before ? `${all} so far.` : `${all}.`);
  }

  /** @param {Hit} hit @param {string[]} words */
  #line(hit, words) {
    const when = made("span", "hit-when", dayName(hit.time, new Date()), " ", clockTime(hit.time));
    const head = made("span", "hit-head", made("bdi", "hit-room", hit.room), " ", written(hit.name, "who"), " ", when);
    const text = made("span", "hit-text", ...markedText(hit.text, words));
    text.dir = "auto";
    const link = made("a", "hit", head, text);
    link.href = addressOf(hit.room, hit.number);
    link.onclick = (event) => this.#follow(event, link);
    return made("li", "", link);
  }

  /** In this window; a second time, too, when the address is the same.
   * @param {MouseEvent} event @param {HTMLAnchorElement} link
   */
  #follow(event, link) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) {
      return;
    }
    this.#dialog.close();
    const place = link.hash === location.hash ? placeOf(link.hash) : null;
    if (place) {
      event.preventDefault();
      this.#go(place);
    }
  }
}
