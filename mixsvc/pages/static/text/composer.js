// @ts-check
/** Where one writes: a message, or one's own message anew; the page and the widget give it their elements. */

import { onSubmit, setText } from "../dom.js";
import { Drafts } from "./drafts.js";
import { Writer } from "./writer.js";

/**
 * @typedef {import("../client/room.js").Said} Said
 *
 * @typedef {object} Parts  elements
 * @property {HTMLFormElement} form
 * @property {HTMLTextAreaElement} text
 * @property {HTMLElement} offers  where it is shown what is offered
 * @property {HTMLElement} status  where it is said
 * @property {HTMLElement} editing  seen while a message is written anew
 * @property {HTMLButtonElement} end  of that
 * @property {HTMLElement} error
 *
 * @typedef {object} Author  what is done with what was written, and what is said of it
 * @property {(text: string) => string} say  why it was not taken, or ""
 * @property {(said: Said, text: string) => Promise<void>} edit  rejects with a sentence
 * @property {() => Said | undefined} last  one's own last message here
 * @property {() => Iterable<string>} names  that can be mentioned
 * @property {import("./offers.js").Command[]} commands
 * @property {(count: number) => string} count  what to say of how many things are offered
 * @property {string} noText  where a message is written anew that has no text any more
 */

export class Composer {
  #parts;
  #author;
  #drafts;
  #writer;
  #room = "";
  /** The message that is written anew, as it is stored. @type {Said | null} */
  #said = null;
  /** What it was asked to say last, while the answer to that has not come. @type {{text: string} | null} */
  #asked = null;

  /** @param {Parts} parts @param {Author} author @param {string} key  of the storage of drafts */
  constructor(parts, author, key) {
    this.#parts = parts;
    this.#author = author;
    this.#drafts = new Drafts(key);
    this.#writer = new Writer(parts.text, parts.offers, parts.status, {
      send: () => this.#send(),
      cancel: () => this.#cancel(),
      recall: () => this.#recall(),
      typed: (text) => this.#typed(text),
      names: author.names,
      commands: author.commands,
      count: author.count,
    });
    onSubmit(parts.form, () => this.#send());
    parts.end.onclick = () => {
      this.#cancel();
      this.focus();
    };
  }

  set hidden(/** @type {boolean} */ hidden) {
    this.#parts.form.hidden = hidden;
  }

  /** Where one writes, and where that is said: another room may be open a moment before it is seen. */
  get room() {
    return this.#room;
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
    setText(this.#parts.error, text);
  }

  /** Write a line anew; false where another one is being written, or a message anew. @param {string} line */
  takeBack(line) {
    const isFree = this.#writer.text === "" && !this.#said;
    if (isFree) {
      this.#writer.text = line;
      this.#typed(line);
    }
    return isFree;
  }

  /** Lines of a room that are not sent are written anew later: they are the begin of its draft. One that waits for its
   * answer is in the room, or will be: to say it anew would say it twice.
   * @param {import("../client/client.js").ChatClient} client @param {string} room
   */
  giveBack(client, room) {
    const lines = client.outbox.of(room).filter(({ state }) => state !== "sending");
    const draft = [...lines.map(({ text }) => text), this.#drafts.of(room)].filter(Boolean).join("\n");
    this.#drafts.keep(room, draft);
    if (room === this.#room && !this.#said) {
      this.#writer.text = draft;
    }
    client.discard(...lines);
  }

  /** Write one's own message anew; the draft comes back after that. @param {Said} said */
  edit(said) {
    this.#said = { ...said };
    this.#asked = null;
    this.#parts.editing.hidden = false;
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
      this.refused(this.#author.noText);
    } else if (this.#asked === null && text === said.text) {
      this.#end();
    } else if (text !== this.#asked?.text) {
      const asked = { text };
      this.#asked = asked;
      this.#author.edit(said, text).then(
        () => this.#changed(said, asked),
        ({ message }) => {
          this.#takeAnswer(asked);
          this.#said === said && this.refused(message);
        },
      );
    }
  }

  /** It has another text now; whoever has typed on goes on from it. @param {Said} said @param {{text: string}} asked */
  #changed(said, asked) {
    said.text = asked.text;
    if (this.#takeAnswer(asked) && this.#writer.text === asked.text) {
      this.#end();
    }
  }

  /** Whether this was the answer that is waited for: to the last that was asked. @param {{text: string}} asked */
  #takeAnswer(asked) {
    const isLast = this.#asked === asked;
    if (isLast) {
      this.#asked = null;
    }
    return isLast;
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
    this.#parts.editing.hidden = true;
    this.refused("");
    this.#writer.text = this.#drafts.of(this.#room);
  }

  /** @param {string} text */
  #typed(text) {
    this.refused("");
    this.#said || this.#drafts.keep(this.#room, text);
  }
}
