// @ts-check
/** The rooms at the side: first those one is in, with what is unread, then the others. */

import { KeyedList, element, made, onSubmit, setText } from "../dom.js";

const MOST_OTHERS = 50;

/**
 * @typedef {import("../client/room.js").Room} Room
 * @typedef {{room: string, members: number, topic: string}} Listed
 * @typedef {{id: string, name: string, members: number, unread: number, isOpen: boolean, isInside: boolean}} Entry
 */

export class RoomsView {
  #form = element("room-form", HTMLFormElement);
  #name = element("room-name", HTMLInputElement);
  #error = element("room-error", HTMLElement);
  #tabUnread = element("tab-unread", HTMLElement);
  /** @type {KeyedList<Entry>} */
  #list;
  /** @type {Listed[]} */
  #listed = [];

  /** @param {(name: string) => void} open  join it, if need be, and show it */
  constructor(open) {
    this.#list = new KeyedList(element("rooms", HTMLElement), (entry) => roomLine(entry, open), updateLine);
    onSubmit(this.#form, () => {
      const name = this.#name.value.trim();
      this.#error.textContent = "";
      if (name) {
        this.#name.value = "";
        open(name);
      }
    });
  }

  /** Which rooms there are. @param {Listed[]} rooms */
  listed(rooms) {
    this.#listed = rooms;
  }

  /** @param {Iterable<Room>} joined @param {string} open @param {boolean} isHere  whether rooms can be joined */
  show(joined, open, isHere) {
    const rooms = [...joined];
    const names = new Set(rooms.map((room) => room.name));
    const inside = rooms.map((room) => ({
      ...entry(room.name, room.count, room.name === open),
      unread: room.unread,
      isInside: true,
    }));
    const others = this.#listed.filter(({ room }) => !names.has(room)).slice(0, MOST_OTHERS);
    this.#list.show([...inside, ...others.map(({ room, members }) => entry(room, members, false))]);
    this.#form.hidden = !isHere;
    const unread = rooms.reduce((sum, room) => sum + (room.name === open ? 0 : room.unread), 0);
    showBadge(this.#tabUnread, unread);
  }

  /** @param {string} name @param {string} text */
  refused(name, text) {
    this.#error.textContent = text;
    this.#name.value ||= name;
  }
}

/** @param {string} name @param {number} members @param {boolean} isOpen @returns {Entry} */
function entry(name, members, isOpen) {
  return { id: name, name, members, unread: 0, isOpen, isInside: false };
}

/** @param {Entry} entry @param {(name: string) => void} open */
function roomLine({ name }, open) {
  const badge = made("span", "badge", made("span", "badge-count"), made("span", "unseen", " unread"));
  const count = made("span", "room-count", made("span", "room-members"), made("span", "unseen", " inside"));
  const pick = made("button", "room-pick", made("bdi", "room-name", name), " ", badge, count);
  pick.type = "button";
  pick.onclick = () => open(name);
  return made("li", "room-item", pick);
}

/** @param {HTMLElement} line @param {Entry} entry */
function updateLine(line, { members, unread, isOpen, isInside }) {
  const pick = part(line, ".room-pick");
  const count = part(line, ".room-count");
  line.classList.toggle("room-other", !isInside);
  isOpen ? pick.setAttribute("aria-current", "true") : pick.removeAttribute("aria-current");
  showBadge(part(line, ".badge"), unread);
  count.hidden = unread > 0;
  setText(part(count, ".room-members"), String(members));
}

/** @param {HTMLElement} badge @param {number} count */
function showBadge(badge, count) {
  badge.hidden = count === 0;
  setText(part(badge, ".badge-count"), count > 99 ? "99+" : String(count));
}

/** @param {HTMLElement} line @param {string} selector */
function part(line, selector) {
  return /** @type {HTMLElement} */ (line.querySelector(selector));
}
