// @ts-check
/** Calling back who is away: what is unread in the title and on the icon, and notifications for whoever wants them. */

import { isAttended } from "../client/attention.js";
import { element } from "../dom.js";
import { badgeText } from "./parts/badge.js";

/** No more often than this of one room, however much is said there: another may be one that calls the reader. */
const EVERY_MS = 5_000;
const MOST_LETTERS = 200;

/** So soon another window tells that somebody has read it there. */
const READ_MS = 500;

/**
 * @typedef {import("../client/room.js").Room} Room
 * @typedef {import("../client/room.js").Said} Said
 */

/** @param {() => void} call  whenever somebody comes to this window, or goes */
export function onAttention(call) {
  ["focus", "blur", "visibilitychange"].forEach((type) => addEventListener(type, call));
}

export class Attention {
  #icon = element("icon", HTMLLinkElement);
  #plainIcon = this.#icon.href;
  #title = document.title;
  /** When somebody may be notified again, by the name of the room. @type {Map<string, number>} */
  #nextAt = new Map();
  #isWanted;
  #remember;
  #tell;

  /**
   * @param {boolean} isWanted  from an earlier visit
   * @param {(isWanted: boolean) => void} remember
   * @param {(text: string) => void} tell  the person, why there can be no notifications
   */
  constructor(isWanted, remember, tell) {
    this.#isWanted = isWanted;
    this.#remember = remember;
    this.#tell = tell;
  }

  /** What a menu offers: nothing on iPhones outside of installed apps, and on plain http. */
  items() {
    const isThere = "Notification" in globalThis && isSecureContext;
    return isThere ? [{ label: "Notify me", isChecked: this.#mayNotify(), act: () => this.#toggle() }] : [];
  }

  /**
   * @param {number} count  of unread messages
   * @param {number} calls  how many of them call the reader
   * @param {string} room  the open one, or ""
   */
  badge(count, calls, room) {
    document.title = `${badgeText(count, calls)}${room ? `${room} · mixsvc` : this.#title}`;
    const icon = count > 0 ? (this.#icon.dataset["unread"] ?? "") : this.#plainIcon;
    if (this.#icon.href !== new URL(icon, location.href).href) {
      this.#icon.href = icon;
    }
  }

  /** Somebody else said something. @param {Room} room @param {Said} said @param {() => void} open */
  heard(room, said, open) {
    if (!isAttended() && this.#mayNotify() && this.#isTime(room.name)) {
      setTimeout(() => (room.read ?? 0) < said.number && this.#call(room.name, said, open), READ_MS);
    }
  }

  /** @param {string} room @param {Said} said @param {() => void} open */
  #call(room, { name, text }, open) {
    if (!this.#isTime(room)) {
      return;
    }
    this.#nextAt.set(room, performance.now() + EVERY_MS);
    // One for each room, which the next takes the place of.
    const options = { body: text.slice(0, MOST_LETTERS), tag: `mixsvc ${room}` };
    const shown = notification(`${name} in ${room}`, options);
    if (!shown) {
      this.#giveUp("This browser lets no page notify you.");
      return;
    }
    shown.onclick = () => {
      focus();
      open();
      shown.close();
    };
  }

  /** @param {string} room */
  #isTime(room) {
    return performance.now() >= (this.#nextAt.get(room) ?? 0);
  }

  async #toggle() {
    const isWanted = !this.#mayNotify();
    this.#isWanted = isWanted && (await Notification.requestPermission()) === "granted";
    if (isWanted && !this.#isWanted) {
      this.#giveUp("The browser blocks notifications of this page, which its settings can allow.");
    } else {
      this.#remember(this.#isWanted);
    }
  }

  /** @param {string} why */
  #giveUp(why) {
    this.#isWanted = false;
    this.#remember(false);
    this.#tell(why);
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
