// @ts-check
/** A place to write in: Enter sends, Shift+Enter is a new line, and commands and names are completed. */

import { made, setText } from "../dom.js";
import { folded } from "./mentions.js";
import { offered } from "./offers.js";

/** The key code of an event that an input method has for itself, where the browser does not say isComposing. */
const INPUT_METHOD = 229;
/** Whether the style can say that a field is as high as its text. */
const SIZES_ITSELF = CSS.supports("field-sizing", "content");

/**
 * @typedef {import("./offers.js").Offer} Offer
 *
 * @typedef {object} Host
 * @property {() => void} send
 * @property {() => boolean} cancel  Escape: whether there was something to cancel
 * @property {() => boolean} recall  ArrowUp where nothing is written: whether there is something to edit
 * @property {(text: string) => void} typed
 * @property {() => Iterable<string>} names  that can be mentioned
 * @property {import("./offers.js").Command[]} commands
 * @property {(count: number) => string} count  what to say of how many things are offered
 */

export class Writer {
  #input;
  #list;
  #status;
  #host;
  /** @type {Offer[]} */
  #offers = [];
  #from = 0;
  #chosen = -1;

  /**
   * @param {HTMLTextAreaElement} input
   * @param {HTMLElement} list  where it is shown what is offered
   * @param {HTMLElement} status  where it is said
   * @param {Host} host
   */
  constructor(input, list, status, host) {
    this.#input = input;
    this.#list = list;
    this.#status = status;
    this.#host = host;
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", list.id);
    input.oninput = () => this.#onInput();
    input.onblur = () => this.close();
    input.onkeydown = (event) => this.#onKey(event);
    if (!SIZES_ITSELF) {
      // A field that is hidden has no height to go by, and one of another width breaks its lines elsewhere.
      new ResizeObserver(() => requestAnimationFrame(() => this.#fit())).observe(input);
    }
  }

  get text() {
    return this.#input.value;
  }

  set text(text) {
    this.#input.value = text;
    this.close();
    this.#fit();
  }

  focus() {
    this.#input.focus();
    this.#input.setSelectionRange(this.text.length, this.text.length);
  }

  /** Offer nothing. */
  close() {
    this.#show([]);
  }

  #onInput() {
    this.#fit();
    this.#host.typed(this.text);
    this.#complete();
  }

  /** As high as its text. */
  #fit() {
    const { style, offsetHeight, clientHeight } = this.#input;
    if (!SIZES_ITSELF && offsetHeight > 0) {
      style.height = "auto";
      style.height = `${this.#input.scrollHeight + offsetHeight - clientHeight}px`;
    }
  }

  #complete() {
    const { selectionStart, selectionEnd } = this.#input;
    const before = selectionStart === selectionEnd ? this.text.slice(0, selectionStart) : "";
    const { from, offers } = offered(before, this.#host.commands, this.#host.names);
    this.#from = from;
    this.#show(offers);
  }

  /** @param {Offer[]} offers */
  #show(offers) {
    if (offers.length === 0 && this.#offers.length === 0) {
      return;
    }
    this.#offers = offers;
    this.#list.replaceChildren(...offers.map((offer, index) => this.#option(offer, index)));
    this.#list.hidden = offers.length === 0;
    setText(this.#status, offers.length > 0 ? this.#host.count(offers.length) : "");
    this.#choose(offers.length > 0 ? 0 : -1);
  }

  /** @param {Offer} offer @param {number} index */
  #option({ text, more }, index) {
    const rest = more.flatMap((each, place) => [" ", made("span", place === 0 ? "example" : "purpose", each)]);
    const option = made("li", "completion", made("bdi", "offer", text), ...rest);
    option.id = `${this.#list.id}-${index}`;
    option.role = "option";
    // Before the click, which would take the focus away from the text.
    option.onpointerdown = (event) => {
      event.preventDefault();
      this.#take(index);
    };
    return option;
  }

  /** @param {number} index */
  #choose(index) {
    this.#chosen = index;
    [...this.#list.children].forEach((option, each) => option.setAttribute("aria-selected", String(each === index)));
    if (index >= 0) {
      this.#input.setAttribute("aria-activedescendant", `${this.#list.id}-${index}`);
      this.#list.children[index]?.scrollIntoView({ block: "nearest" });
    } else {
      this.#input.removeAttribute("aria-activedescendant");
    }
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.isComposing || event.keyCode === INPUT_METHOD) {
      return;
    }
    if (this.#offers.length > 0 ? this.#onOfferKey(event) || this.#onPlainKey(event) : this.#onPlainKey(event)) {
      event.preventDefault();
    }
  }

  /** @param {KeyboardEvent} event */
  #onPlainKey({ key, shiftKey, altKey }) {
    if (key === "Enter" && !shiftKey && !altKey) {
      this.#host.send();
      return true;
    }
    return (key === "Escape" && this.#host.cancel()) || (key === "ArrowUp" && !this.text && this.#host.recall());
  }

  /** @param {KeyboardEvent} event */
  #onOfferKey({ key, shiftKey }) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    const count = this.#offers.length;
    if (step) {
      this.#choose((this.#chosen + step + count) % count);
    } else if (key === "Escape") {
      this.close();
    } else if (!shiftKey && (key === "Tab" || (key === "Enter" && !this.#isWritten()))) {
      this.#take(this.#chosen);
    } else {
      return false;
    }
    return true;
  }

  /** Whether what is chosen is there already: then Enter sends. */
  #isWritten() {
    const { text = "" } = this.#offers[this.#chosen] ?? {};
    return folded(this.text.slice(this.#from, this.#input.selectionEnd)) === folded(text);
  }

  /** @param {number} index */
  #take(index) {
    const { text = "", follows = "" } = this.#offers[index] ?? {};
    this.#input.setRangeText(`${text}${follows}`, this.#from, this.#input.selectionEnd, "end");
    this.#fit();
    this.#host.typed(this.text);
    this.close();
  }
}
