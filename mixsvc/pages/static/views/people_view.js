// @ts-check
/** Who is in the open room. */

import { KeyedList, button, element, made, setText } from "../dom.js";
import { givesMenu } from "./parts/menu.js";
import { face } from "./names.js";

const MOST_SHOWN = 1000;
const SHOWN_AT_FIRST = 200;

/**
 * @typedef {import("../client/greeting.js").Self} Self
 * @typedef {import("../client/room.js").Room} Room
 * @typedef {import("./parts/menu.js").Item} Item
 * @typedef {{id: string, name: string, isMe: boolean, moderate: boolean, note: string}} Member
 */

export class PeopleView {
  #count = element("people-count", HTMLElement);
  #more = element("who", HTMLButtonElement);
  /** @type {KeyedList<Member>} */
  #list;
  #most = SHOWN_AT_FIRST;

  /**
   * @param {(after: string) => void} ask  for the names that come after this one
   * @param {(name: string) => Item[]} items  what a moderator may do about somebody
   */
  constructor(ask, items) {
    this.#list = new KeyedList(element("members", HTMLElement), (member) => memberLine(member, items), updateLine);
    this.#more.onclick = () => {
      this.#most = MOST_SHOWN;
      ask(this.#more.value);
    };
  }

  /** @param {Room} room @param {Self} self @param {(name: string) => boolean} isMuted */
  show(room, self, isMuted) {
    const names = [...room.members].sort().slice(0, this.#most);
    const members = names.map((name) => {
      const isMe = name === self.name;
      const moderate = self.moderator && !isMe;
      const note = [isMe && "you", isMuted(name) && "muted"].filter(Boolean).join(", ");
      return { id: `${name} ${isMe} ${moderate}`, name, isMe, moderate, note };
    });
    this.#list.show(members);
    setText(this.#count, String(room.count));
    this.#more.hidden = room.count <= names.length || names.length >= MOST_SHOWN;
    this.#more.value = names[names.length - 1] ?? "";
    setText(this.#more, `Show more of ${room.count}`);
  }
}

/** @param {Member} member @param {(name: string) => Item[]} items */
function memberLine({ name, moderate }, items) {
  const label = made("bdi", "member-name", name);
  // It may not have the room for the whole of it.
  label.title = name;
  const result = made("li", "member", face(name), label, made("span", "member-note"));
  if (moderate) {
    const open = button("icon moderate", "⋯", () => {});
    open.setAttribute("aria-label", `Moderate ${name}`);
    givesMenu(open, () => items(name));
    result.append(open);
  }
  return result;
}

/** @param {HTMLElement} line @param {Member} member */
function updateLine(line, { note }) {
  setText(/** @type {HTMLElement} */ (line.querySelector(".member-note")), note);
}
