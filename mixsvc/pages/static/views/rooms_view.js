// @ts-check
/** The rooms at the side: first those one is in, with what is unread, then the others. */

import { KeyedList, element, made, on_submit, set_text } from "../dom.js";

const MOST_OTHERS = 50;

/**
 * @typedef {import("../client/room.js").Room} Room
 * @typedef {{room: string, members: number, topic: string}} Listed
 * @typedef {{id: string, name: string, members: number, unread: number, is_open: boolean, is_inside: boolean}} Entry
 */

export class RoomsView {
  #form = element("room-form", HTMLFormElement);
  #name = element("room-name", HTMLInputElement);
  #error = element("room-error", HTMLElement);
  #tab_unread = element("tab-unread", HTMLElement);
  /** @type {KeyedList<Entry>} */
  #list;
  /** @type {Listed[]} */
  #listed = [];

  /** @param {(name: string) => void} open  join it, if need be, and show it */
  constructor(open) {
    this.#list = new KeyedList(element("rooms", HTMLElement), (entry) => room_line(entry, open), update_line);
    on_submit(this.#form, () => {
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

  /** @param {Iterable<Room>} joined @param {string} open @param {boolean} is_here  whether rooms can be joined */
  show(joined, open, is_here) {
    const rooms = [...joined];
    const names = new Set(rooms.map((room) => room.name));
    const inside = rooms.map((room) => ({
      ...entry(room.name, room.count, room.name === open),
      unread: room.unread,
      is_inside: true,
    }));
    const others = this.#listed.filter(({ room }) => !names.has(room)).slice(0, MOST_OTHERS);
    this.#list.show([...inside, ...others.map(({ room, members }) => entry(room, members, false))]);
    this.#form.hidden = !is_here;
    const unread = rooms.reduce((sum, room) => sum + (room.name === open ? 0 : room.unread), 0);
    show_badge(this.#tab_unread, unread);
  }

  /** @param {string} name @param {string} text */
  refused(name, text) {
    this.#error.textContent = text;
    this.#name.value ||= name;
  }
}

/** @param {string} name @param {number} members @param {boolean} is_open @returns {Entry} */
function entry(name, members, is_open) {
  return { id: name, name, members, unread: 0, is_open, is_inside: false };
}

/** @param {Entry} entry @param {(name: string) => void} open */
function room_line({ name }, open) {
  const badge = made("span", "badge", made("span", "badge-count"), made("span", "unseen", " unread"));
  const count = made("span", "room-count", made("span", "room-members"), made("span", "unseen", " inside"));
  const pick = made("button", "room-pick", made("bdi", "room-name", name), " ", badge, count);
  pick.type = "button";
  pick.onclick = () => open(name);
  return made("li", "room-item", pick);
}

/** @param {HTMLElement} line @param {Entry} entry */
function update_line(line, { members, unread, is_open, is_inside }) {
  const pick = part(line, ".room-pick");
  const count = part(line, ".room-count");
  line.classList.toggle("room-other", !is_inside);
  is_open ? pick.setAttribute("aria-current", "true") : pick.removeAttribute("aria-current");
  show_badge(part(line, ".badge"), unread);
  count.hidden = unread > 0;
  set_text(part(count, ".room-members"), String(members));
}

/** @param {HTMLElement} badge @param {number} count */
function show_badge(badge, count) {
  badge.hidden = count === 0;
  set_text(part(badge, ".badge-count"), count > 99 ? "99+" : String(count));
}

/** @param {HTMLElement} line @param {string} selector */
function part(line, selector) {
  return /** @type {HTMLElement} */ (line.querySelector(selector));
}
