// @ts-check
/** Where one writes in a box: a message, or one's own message anew. */

import { button, made, onSubmit } from "../dom.js";
import { Drafts } from "../text/drafts.js";
import { isEditable, namesOf } from "../text/own.js";
import { Writer } from "../text/writer.js";

const KEY = "mix-chat-drafts";

/**
 * @typedef {import("../client/client.js").ChatClient} ChatClient
 * @typedef {import("../client/client.js").Line} Line
 * @typedef {import("../client/room.js").Room} Room
 * @typedef {import("../client/room.js").Said} Said
 * @typedef {import("./texts.js").Words} Words
 */

export class Composer {
  #words;
  #client;
  #room;
  #refuse;
  #drafts;
  #text = made("textarea", "");
  #editing;
  /** The message that is written anew. @type {Said | null} */
  #said = null;
  #writer;

  /**
   * @param {Words} words
   * @param {ChatClient} client
   * @param {{url: string, room: string}} place
   * @param {(text: string) => void} refuse  says what is wrong; "" for nothing
   */
  constructor(words, client, { url, room }, refuse) {
    this.#words = words;
    this.#client = client;
    this.#room = room;
    this.#refuse = refuse;
    this.#drafts = new Drafts(`${KEY} ${url}`);
    const list = made("ul", "offers");
    list.id = "offers";
    list.role = "listbox";
    list.hidden = true;
    list.setAttribute("aria-label", words.say("suggestions"));
    const status = made("p", "unseen");
    status.role = "status";
    this.#text.id = "text";
    this.#text.rows = 1;
    this.#text.placeholder = words.say("placeholder");
    this.#writer = new Writer(this.#text, list, status, this.#host());
    this.#writer.text = this.#drafts.of(room);
    this.#editing = made("p", "editing", made("span", "", words.say("editing")), " ", this.#madeCancel());
    this.#editing.hidden = true;
    this.element = this.#madeForm(list, status);
  }

  /** @returns {import("../text/writer.js").Host} */
  #host() {
    return {
      send: () => this.#send(),
      cancel: () => this.#cancel(),
      recall: () => this.#recall(),
      typed: (text) => this.#typed(text),
      names: () => namesOf(this.#here, this.#client.self.name),
      commands: [],
      count: (count) => this.#words.say("offered", count),
    };
  }

  focus() {
    this.#writer.focus();
  }

  /** Write one's own message anew; the draft comes back after that. @param {Said} said */
  edit(said) {
    this.#said = said;
    this.#editing.hidden = false;
    this.#refuse("");
    this.#writer.text = said.text;
    this.#writer.focus();
  }

  /** Write a line anew that was refused, unless another one is being written. @param {Line} line @param {string} why */
  takeBack(line, why) {
    if (!this.#writer.text) {
      this.#writer.text = line.text;
      this.#typed(line.text);
      this.#client.discard(line);
    }
    this.#refuse(why);
  }

  get #here() {
    return this.#client.rooms.get(this.#room);
  }

  #madeCancel() {
    return button("quiet", this.#words.say("cancel"), () => {
      this.#cancel();
      this.focus();
    });
  }

  /** @param {HTMLElement} list @param {HTMLElement} status */
  #madeForm(list, status) {
    const label = made("label", "unseen", this.#words.say("message"));
    label.htmlFor = "text";
    const send = made("button", "", this.#words.say("send"));
    const form = made("form", "writing", this.#editing, label, list, this.#text, send, status);
    form.part.add("composer");
    onSubmit(form, () => this.#send());
    return form;
  }

  #send() {
    const { text } = this.#writer;
    if (this.#said) {
      this.#change(this.#said, text);
      return;
    }
    if (text.trim()) {
      const wrong = this.#client.refusal(text);
      this.#refuse(wrong);
      if (!wrong) {
        this.#drafts.keep(this.#room, "");
        this.#writer.text = "";
        this.#client.say(this.#room, text);
      }
    }
    this.#writer.close();
  }

  /** @param {Said} said @param {string} text */
  #change(said, text) {
    if (!text.trim() || text === said.text) {
      this.#end();
      return;
    }
    this.#client.edit(this.#room, said.number, text).then(
      () => this.#said === said && this.#end(),
      ({ code, message }) => this.#said === said && this.#refuse(this.#words.refusal(code, message)),
    );
  }

  #cancel() {
    const isEditing = this.#said !== null;
    isEditing && this.#end();
    return isEditing;
  }

  #recall() {
    const own = this.#here?.messages.filter((said) => isEditable(said, this.#client.self));
    const last = this.#said ? undefined : own?.pop();
    last && this.edit(last);
    return last !== undefined;
  }

  /** Go on with the draft. */
  #end() {
    this.#said = null;
    this.#editing.hidden = true;
    this.#refuse("");
    this.#writer.text = this.#drafts.of(this.#room);
  }

  /** @param {string} text */
  #typed(text) {
    this.#refuse("");
    this.#said || this.#drafts.keep(this.#room, text);
  }
}
