// @ts-check
/** The rooms at the side: those one is in, with what is unread, and apart from them the others; one field filters. */

import { KeyedList, element, made, onSubmit, setText } from "../dom.js";
import { folded } from "../text/mentions.js";
import { showBadge } from "./parts/badge.js";

const MOST_OTHERS = 200;

/**
 * @typedef {import("../client/room.js").Room} Room
 * @typedef {{room: string, members: number, topic: string}} Listed
 * @typedef {[Room, number]} Counted  how many of its unread messages call the reader
 * @typedef {{id: string, name: string, members: number, unread: number, calls: number}} Counts
 * @typedef {Counts & {isOpen: boolean, isInside: boolean}} Entry
 *
 * @typedef {object} Visitor  what the one who looks for a room does
 * @property {(name: string) => void} open  join it, if need be, and show it
 * @property {(after: string) => void} list  ask for the rooms that come after this one
 */

export class RoomsView {
  #form = element("room-form", HTMLFormElement);
  #name = element("room-name", HTMLInputElement);
  #join = element("room-join", HTMLButtonElement);
  #error = element("room-error", HTMLElement);
  #unread = element("rooms-unread", HTMLElement);
  #tabUnread = element("tab-unread", HTMLElement);
  #othersTitle = element("others-title", HTMLElement);
  #othersCount = element("others-count", HTMLElement);
  #none = element("rooms-none", HTMLElement);
  /** @type {KeyedList<Entry>} */
  #inside;
  /** @type {KeyedList<Entry>} */
  #others;
  /** @type {Map<string, Listed>} */
  #listed = new Map();
  /** The last room known of a list that goes on; "" where the whole of it is known. */
  #goesOnAfter = "";
  /** After which room more were asked for, and have not come. */
  #asked = "";
  #visitor;
  /** Shows what the last show() has shown, for another filter. */
  #again = () => {};

  /** @param {Visitor} visitor */
  constructor(visitor) {
    this.#visitor = visitor;
    const line = (/** @type {Entry} */ entry) => roomLine(entry, visitor.open);
    this.#inside = new KeyedList(element("rooms", HTMLElement), line, updateLine);
    this.#others = new KeyedList(element("others", HTMLElement), line, updateLine);
    this.#name.oninput = () => this.#filter();
    this.#name.addEventListener("keydown", ({ key }) => key === "Escape" && this.#clear());
    onSubmit(this.#form, () => {
      const name = this.#name.value.trim();
      this.#error.textContent = "";
      name && visitor.open(name);
    });
  }

  /** Which rooms there are: a list from its beginning, or what follows those before.
   * @param {Listed[]} rooms @param {boolean} more
   */
  listed(rooms, more) {
    const isRest = this.#asked !== "" && rooms.every(({ room }) => !this.#listed.has(room));
    if (!isRest) {
      this.#listed.clear();
    }
    rooms.forEach((each) => this.#listed.set(each.room, each));
    this.#asked = "";
    this.#goesOnAfter = more ? (rooms[rooms.length - 1]?.room ?? "") : "";
    this.#askForAll();
  }

  /**
   * @param {Counted[]} rooms  those one is in
   * @param {string} open
   * @param {boolean} isHere  whether rooms can be joined
   */
  show(rooms, open, isHere) {
    this.#again = () => this.#show(rooms, open);
    this.#again();
    this.#form.hidden = !isHere;
    const others = rooms.filter(([{ name }]) => name !== open);
    const unread = others.reduce((sum, [room]) => sum + room.unread, 0);
    const called = others.reduce((sum, [, calls]) => sum + calls, 0);
    showBadge(this.#unread, unread, called);
    showBadge(this.#tabUnread, unread, called);
  }

  /** The room that was asked for by its name is open: the field is free for the next. @param {string} name */
  opened(name) {
    if (this.#name.value.trim() === name) {
      this.#clear();
    }
    this.#error.textContent = "";
  }

  /** @param {string} name @param {string} suggestion @param {string} text */
  refused(name, suggestion, text) {
    const isTyped = this.#name.value.trim() === name;
    // One that was remembered may be refused, too.
    this.#error.textContent = isTyped ? text : `${name}: ${text}`;
    if (suggestion && isTyped) {
      this.#name.value = suggestion;
      this.#again();
    }
  }

  #clear() {
    this.#name.value = "";
    this.#filter();
  }

  #filter() {
    this.#error.textContent = "";
    this.#askForAll();
    this.#again();
  }

  /** Whoever looks for a room looks among all of them. */
  #askForAll() {
    if (this.#wanted && this.#goesOnAfter && !this.#asked) {
      this.#asked = this.#goesOnAfter;
      this.#visitor.list(this.#asked);
    }
  }

  get #wanted() {
    return folded(this.#name.value.trim());
  }

  /** @param {Counted[]} rooms @param {string} open */
  #show(rooms, open) {
    const wanted = this.#wanted;
    const isWanted = (/** @type {{name: string}} */ { name }) => folded(name).includes(wanted);
    const names = new Set(rooms.map(([room]) => room.name));
    const apart = [...this.#listed.values()].filter(({ room }) => !names.has(room));
    const inside = rooms.map((room) => insideEntry(room, open)).filter(isWanted).sort(byName);
    const others = apart.map(otherEntry).filter(isWanted).sort(byName);
    this.#inside.show(inside);
    this.#others.show(others.slice(0, MOST_OTHERS));
    this.#othersTitle.hidden = others.length === 0;
    setText(this.#othersCount, String(others.length));
    this.#join.hidden = wanted === "";
    const isNew = wanted !== "" && inside.length === 0 && others.length === 0;
    setText(this.#none, isNew ? "No room has this name so far." : "");
  }
}

/** @param {Entry} one @param {Entry} other */
function byName(one, other) {
  return one.name.localeCompare(other.name, undefined, { numeric: true });
}

/** @param {Counted} counted @param {string} open @returns {Entry} */
function insideEntry([{ name, count, unread }, calls], open) {
  return { id: name, name, members: count, unread, calls, isOpen: name === open, isInside: true };
}

/** @param {Listed} listed @returns {Entry} */
function otherEntry({ room, members }) {
  return { id: room, name: room, members, unread: 0, calls: 0, isOpen: false, isInside: false };
}

/** @param {Entry} entry @param {(name: string) => void} open */
function roomLine({ name }, open) {
  const badge = made("span", "badge");
  const count = made("span", "room-count", made("span", "room-members"), made("span", "unseen", " inside"));
  const label = made("bdi", "room-name", name);
  // It may not have the room for the whole of it.
  label.title = name;
  const pick = made("button", "room-pick", label, " ", badge, count);
  pick.type = "button";
  pick.onclick = () => open(name);
  return made("li", "room-item", pick);
}

/** @param {HTMLElement} line @param {Entry} entry */
function updateLine(line, { members, unread, calls, isOpen, isInside }) {
  const pick = part(line, ".room-pick");
  const count = part(line, ".room-count");
  line.classList.toggle("room-other", !isInside);
  line.classList.toggle("room-unread", unread > 0);
  isOpen ? pick.setAttribute("aria-current", "true") : pick.removeAttribute("aria-current");
  showBadge(part(line, ".badge"), unread, calls);
  count.hidden = unread > 0;
  setText(part(count, ".room-members"), String(members));
}

/** @param {HTMLElement} line @param {string} selector */
function part(line, selector) {
  return /** @type {HTMLElement} */ (line.querySelector(selector));
}
