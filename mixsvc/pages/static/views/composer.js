// @ts-check
/** Where one writes: a message, or one's own message anew. */

import { element, onSubmit, setText } from "../dom.js";
import { Drafts } from "../text/drafts.js";
import { Writer } from "../text/writer.js";

const KEY = "mixsvc-drafts";

/** The chat's commands (docs/reference/chat-protocol.md): what to write, and what it is for. */
const COMMANDS = [
  ["/me", "waves", "say what you do"],
  ["/topic", "Plans for May", "give this room a topic"],
  ["/rate", "EUR/USD", "a rate, for all to see"],
  ["/convert", "100 EUR USD", "an amount in another currency"],
  ["/help", "", "all commands"],
];

/**
 * @typedef {import("../client/room.js").Said} Said
 *
 * @typedef {object} Author  what is done with what was written
 * @property {(text: string) => string} say  why it was not taken, or ""
 * @property {(said: Said, text: string) => Promise<void>} edit  rejects with a sentence
 * @property {() => Said | undefined} last  one's own last message here
 * @property {() => Iterable<string>} names  that can be mentioned
 */

export class Composer {
  #form = element("say-form", HTMLFormElement);
  #error = element("say-error", HTMLElement);
  #editing = element("editing", HTMLElement);
  #drafts = new Drafts(KEY);
  #room = "";
  /** The message that is written anew. @type {Said | null} */
  #said = null;
  #writer;
  #author;

  /** @param {Author} author */
  constructor(author) {
    this.#author = author;
    const list = element("completions", HTMLElement);
    this.#writer = new Writer(element("say", HTMLTextAreaElement), list, element("offered", HTMLElement), {
      send: () => this.#send(),
      cancel: () => this.#cancel(),
      recall: () => this.#recall(),
      typed: (text) => this.#typed(text),
      names: author.names,
      commands: COMMANDS,
      count: (count) => `${count} suggestion${count === 1 ? "" : "s"}`,
    });
    onSubmit(this.#form, () => this.#send());
    element("editing-end", HTMLButtonElement).onclick = () => {
      this.#cancel();
      this.focus();
    };
  }

  set hidden(/** @type {boolean} */ hidden) {
    this.#form.hidden = hidden;
  }

  /** Write in this room from now on; each room has a draft of its own. @param {string} room */
  open(room) {
    if (room !== this.#room) {
      this.#room = room;
      this.#end();
    }
  }

  /** Be ready to write; on a phone that would bring up its keyboard, and nobody has asked for it. */
  focus() {
    matchMedia("(pointer: coarse)").matches || this.#writer.focus();
  }

  /** Say what is wrong, until something else is typed. @param {string} text */
  refused(text) {
    setText(this.#error, text);
  }

  /** Write a line anew; false where another one is being written. @param {string} line */
  takeBack(line) {
    const isFree = this.#writer.text === "";
    if (isFree) {
      this.#writer.text = line;
      this.#typed(line);
    }
    return isFree;
  }

  /** Write one's own message anew; the draft comes back after that. @param {Said} said */
  edit(said) {
    this.#said = said;
    this.#editing.hidden = false;
    this.refused("");
    this.#writer.text = said.text;
    this.#writer.focus();
  }

  /** Add lines above what is written. @param {string} text */
  quote(text) {
    this.#writer.text = `${text}\n${this.#writer.text}`;
    this.#typed(this.#writer.text);
    this.#writer.focus();
  }

  #send() {
    const { text } = this.#writer;
    if (this.#said) {
      this.#change(this.#said, text);
      return;
    }
    if (text.trim()) {
      const wrong = this.#author.say(text);
      this.refused(wrong);
      if (!wrong) {
        this.#drafts.keep(this.#room, "");
        this.#writer.text = "";
      }
    }
    this.#writer.close();
  }

  /** @param {Said} said @param {string} text */
  #change(said, text) {
    if (!text.trim()) {
      this.refused("A message has a text; to take it away, delete it in its menu.");
    } else if (text === said.text) {
      this.#end();
    } else {
      this.#author.edit(said, text).then(
        () => this.#said === said && this.#end(),
        ({ message }) => this.#said === said && this.refused(message),
      );
    }
  }

  #cancel() {
    const isEditing = this.#said !== null;
    isEditing && this.#end();
    return isEditing;
  }

  #recall() {
    const last = this.#said ? undefined : this.#author.last();
    last && this.edit(last);
    return last !== undefined;
  }

  /** Go on with the draft. */
  #end() {
    this.#said = null;
    this.#editing.hidden = true;
    this.refused("");
    this.#writer.text = this.#drafts.of(this.#room);
  }

  /** @param {string} text */
  #typed(text) {
    this.refused("");
    this.#said || this.#drafts.keep(this.#room, text);
  }
}
