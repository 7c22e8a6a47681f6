// @ts-check
/** Who is in the open room. */

import { KeyedList, button, element, made, set_text } from "../dom.js";
import { face } from "./names.js";

const MOST_SHOWN = 1000;
const SHOWN_AT_FIRST = 200;

/**
 * @typedef {import("../client/greeting.js").Self} Self
 * @typedef {import("../client/room.js").Room} Room
 * @typedef {{id: string, name: string, is_me: boolean, moderate: boolean}} Member
 */

export class PeopleView {
  #count = element("people-count", HTMLElement);
  #more = element("who", HTMLButtonElement);
  /** @type {KeyedList<Member>} */
  #list;
  #most = SHOWN_AT_FIRST;

  /**
   * @param {(after: string) => void} ask  for the names that come after this one
   * @param {(name: string) => void} moderate
   */
  constructor(ask, moderate) {
    this.#list = new KeyedList(element("members", HTMLElement), (member) => member_line(member, moderate));
    this.#more.onclick = () => {
      this.#most = MOST_SHOWN;
      ask(this.#more.value);
    };
  }

  /** @param {Room} room @param {Self} self */
  show(room, self) {
    const names = [...room.members].sort().slice(0, this.#most);
    const members = names.map((name) => {
      const is_me = name === self.name;
      const moderate = self.moderator && !is_me;
      return { id: `${name} ${is_me} ${moderate}`, name, is_me, moderate };
    });
    this.#list.show(members);
    set_text(this.#count, String(room.count));
    this.#more.hidden = room.count <= names.length || names.length >= MOST_SHOWN;
    this.#more.value = names[names.length - 1] ?? "";
    set_text(this.#more, `Show more of ${room.count}`);
  }
}

/** @param {Member} member @param {(name: string) => void} moderate_it */
function member_line({ name, is_me, moderate }, moderate_it) {
  const result = made("li", "member", face(name), made("bdi", "member-name", name));
  if (is_me) {
    result.append(made("span", "you", "you"));
  }
  if (moderate) {
    const open = button("quiet small moderate", "…", () => moderate_it(name));
    open.setAttribute("aria-label", `Moderate ${name}`);
    result.append(open);
  }
  return result;
}
