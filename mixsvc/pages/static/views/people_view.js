// @ts-check
/** Who is in the open room. */

import { KeyedList, button, element, made, setText } from "../dom.js";
import { face } from "./names.js";

const MOST_SHOWN = 1000;
const SHOWN_AT_FIRST = 200;

/**
 * @typedef {import("../client/greeting.js").Self} Self
 * @typedef {import("../client/room.js").Room} Room
 * @typedef {{id: string, name: string, isMe: boolean, moderate: boolean}} Member
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
    this.#list = new KeyedList(element("members", HTMLElement), (member) => memberLine(member, moderate));
    this.#more.onclick = () => {
      this.#most = MOST_SHOWN;
      ask(this.#more.value);
    };
  }

  /** @param {Room} room @param {Self} self */
  show(room, self) {
    const names = [...room.members].sort().slice(0, this.#most);
    const members = names.map((name) => {
      const isMe = name === self.name;
      const moderate = self.moderator && !isMe;
      return { id: `${name} ${isMe} ${moderate}`, name, isMe, moderate };
    });
    this.#list.show(members);
    setText(this.#count, String(room.count));
    this.#more.hidden = room.count <= names.length || names.length >= MOST_SHOWN;
    this.#more.value = names[names.length - 1] ?? "";
    setText(this.#more, `Show more of ${room.count}`);
  }
}

/** @param {Member} member @param {(name: string) => void} moderateIt */
function memberLine({ name, isMe, moderate }, moderateIt) {
  const result = made("li", "member", face(name), made("bdi", "member-name", name));
  if (isMe) {
    result.append(made("span", "you", "you"));
  }
  if (moderate) {
    const open = button("quiet small moderate", "…", () => moderateIt(name));
    open.setAttribute("aria-label", `Moderate ${name}`);
    result.append(open);
  }
  return result;
}
