// @ts-check
/** Calling back who is away: the number of unread messages in the title, and notifications for whoever wants them. */

import { element } from "../dom.js";

/** No more often than this, however much is said. */
const EVERY_MS = 5_000;
const MOST_LETTERS = 200;

/** @typedef {import("../client/room.js").Said} Said */

export class Attention {
  #button = element("notify", HTMLButtonElement);
  #title = document.title;
  #next_at = 0;
  #is_wanted;
  #remember;

  /** @param {boolean} is_wanted  from an earlier visit @param {(is_wanted: boolean) => void} remember */
  constructor(is_wanted, remember) {
    this.#is_wanted = is_wanted;
    this.#remember = remember;
    // Not there on iPhones outside of installed apps, and on plain http.
    this.#button.hidden = !("Notification" in globalThis && isSecureContext);
    this.#button.onclick = () => this.#toggle();
    this.#show();
  }

  /** @param {number} count  of unread messages @param {string} room  the open one, or "" */
  badge(count, room) {
    const badge = count > 0 ? `(${count > 99 ? "99+" : count}) ` : "";
    document.title = `${badge}${room ? `${room} · mixsvc` : this.#title}`;
  }

  /** Somebody else said something. @param {string} room @param {Said} said @param {() => void} open */
  heard(room, { name, text }, open) {
    const now = performance.now();
    if (!document.hidden || !this.#may_notify() || now < this.#next_at) {
      return;
    }
    this.#next_at = now + EVERY_MS;
    // One for each room, which the next takes the place of.
    const options = { body: text.slice(0, MOST_LETTERS), tag: `mixsvc ${room}` };
    const shown = notification(`${name} in ${room}`, options);
    if (!shown) {
      this.#give_up("Not possible in this browser");
      return;
    }
    shown.onclick = () => {
      focus();
      open();
      shown.close();
    };
  }

  async #toggle() {
    const is_wanted = !this.#may_notify();
    this.#is_wanted = is_wanted && (await Notification.requestPermission()) === "granted";
    if (is_wanted && !this.#is_wanted) {
      this.#give_up("Blocked by the browser");
    } else {
      this.#remember(this.#is_wanted);
      this.#show();
    }
  }

  /** @param {string} why */
  #give_up(why) {
    this.#is_wanted = false;
    this.#remember(false);
    this.#show();
    this.#button.textContent = why;
  }

  #show() {
    this.#button.setAttribute("aria-pressed", String(this.#may_notify()));
    this.#button.textContent = "Notify me";
  }

  #may_notify() {
    return this.#is_wanted && "Notification" in globalThis && Notification.permission === "granted";
  }
}

/** Null where pages may make none: Chrome on Android. @param {string} title @param {NotificationOptions} options */
function notification(title, options) {
  try {
    return new Notification(title, options);
  } catch {
    return null;
  }
}
