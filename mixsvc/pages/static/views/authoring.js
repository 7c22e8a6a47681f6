// @ts-check
/** What people do with messages of the open room: say, edit, quote, and read, as moderators, what one said before. */

import { isEditable, namesOf, quoted } from "../text/own.js";
import { pageComposer } from "./composer.js";
import { EarlierTexts } from "./earlier.js";

/**
 * @typedef {import("../client/client.js").ChatClient} Chat
 * @typedef {import("../client/greeting.js").Self} Self
 * @typedef {import("../client/outbox.js").Line} Line
 * @typedef {import("../client/room.js").Room} Room
 * @typedef {import("../client/room.js").Said} Said
 * @typedef {import("./parts/menu.js").Item} Item
 *
 * @typedef {object} Desk  what it is done for
 * @property {() => Room | undefined} room  the open one
 * @property {() => Self} self
 * @property {() => void} said  something was said
 * @property {(said: Said) => void} remove
 */

export class Authoring {
  #chat;
  #desk;
  #earlier;

  /** @param {() => Chat} chat  it is made later than this @param {Desk} desk */
  constructor(chat, desk) {
    this.#chat = chat;
    this.#desk = desk;
    this.#earlier = new EarlierTexts(chat);
    this.composer = pageComposer({
      say: (text) => this.#say(text),
      edit: ({ number }, text) => chat().edit(this.#open, number, text),
      last: () => desk.room()?.messages.filter((said) => isEditable(said, desk.self())).pop(),
      names: () => namesOf(desk.room(), desk.self().name),
    });
  }

  /** What the menu of a message offers. @param {Said} said @returns {Item[]} */
  itemsOf(said) {
    const self = this.#desk.self();
    const isOwn = said.name === self.name;
    const edit = { label: "Edit", act: () => this.composer.edit(said) };
    const quote = { label: "Quote", act: () => this.composer.quote(quoted(said.text)) };
    const earlier = { label: "Earlier texts", act: () => this.#earlier.ask(this.#open, said) };
    const remove = { label: "Delete", isDanger: true, act: () => this.#desk.remove(said) };
    return [
      ...(isEditable(said, self) ? [edit] : []),
      ...(said.kind === "topic" ? [] : [quote]),
      ...(self.moderator && said.edited ? [earlier] : []),
      ...(isOwn || self.moderator ? [remove] : []),
    ];
  }

  /** The server does not take a line. @param {string} text  why @param {Line} line */
  lineRefused(text, line) {
    if (line.room === this.#open && this.composer.takeBack(line.text)) {
      this.composer.refused(text);
      this.#chat().discard(line);
    }
  }

  /** Write a line anew that was not sent. @param {Line} line */
  takeBack(line) {
    if (this.composer.takeBack(line.text)) {
      this.#chat().discard(line);
    } else {
      this.composer.refused("Send or clear what is here first.");
    }
    this.composer.focus();
  }

  /** Nobody lets us into a room: what was said there is its draft. @param {string} room */
  roomRefused(room) {
    this.composer.giveBack(this.#chat(), room);
  }

  /** The room that is seen. */
  get #open() {
    return this.composer.room;
  }

  /** @param {string} text @returns {string} why it was not taken, or "" */
  #say(text) {
    const wrong = this.#chat().refusal(text, this.#open);
    if (!wrong) {
      this.#chat().say(this.#open, text);
      this.#desk.said();
    }
    return wrong;
  }
}
