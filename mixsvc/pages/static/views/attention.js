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
  #nextAt = 0;
  #isWanted;
  #remember;

  /** @param {boolean} isWanted  from an earlier visit @param {(isWanted: boolean) => void} remember */
  constructor(isWanted, remember) {
    this.#isWanted = isWanted;
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
    if (!document.hidden || !this.#mayNotify() || now < this.#nextAt) {
      return;
    }
    this.#nextAt = now + EVERY_MS;
    // One for each room, which the next takes the place of.
    const options = { body: text.slice(0, MOST_LETTERS), tag: `mixsvc ${room}` };
    const shown = notification(`${name} in ${room}`, options);
    if (!shown) {
      this.#giveUp("Not possible in this browser");
      return;
    }
    shown.onclick = () => {
      focus();
      open();
      shown.close();
    };
  }

  async #toggle() {
    const isWanted = !this.#mayNotify();
    this.#isWanted = isWanted && (await Notification.requestPermission()) === "granted";
    if (isWanted && !this.#isWanted) {
      this.#giveUp("Blocked by the browser");
    } else {
      this.#remember(this.#isWanted);
      this.#show();
    }
  }

  /** @param {string} why */
  #giveUp(why) {
    this.#isWanted = false;
    this.#remember(false);
    this.#show();
    this.#button.textContent = why;
  }

  #show() {
    this.#button.setAttribute("aria-pressed", String(this.#mayNotify()));
    this.#button.textContent = "Notify me";
  }

  #mayNotify() {
    return this.#isWanted && "Notification" in globalThis && Notification.permission === "granted";
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
