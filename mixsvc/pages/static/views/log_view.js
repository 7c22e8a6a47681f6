// @ts-check
/** The log of the open room: it follows what comes while one is at its end, and stays put while one reads. */

import { KeyedList, element, set_text } from "../dom.js";
import { entries_of } from "./entries.js";
import { entry_line, unsent_line } from "./lines.js";

/** So near to an end, in pixels, a reader is there. */
const NEAR_END = 60;
const NEAR_BEGIN = 400;
/** How long a screen reader is not told of what is no news: another room, older messages. */
const QUIET_MS = 500;

/**
 * @typedef {import("./entries.js").Entry} Entry
 * @typedef {import("./lines.js").LineTools} LineTools
 * @typedef {import("../client/outbox.js").Line} Line
 * @typedef {import("../client/greeting.js").Self} Self
 * @typedef {import("../client/room.js").Room} Room
 *
 * @typedef {object} Reader  what the one who reads does
 * @property {(room: Room, way: "older" | "newer" | "newest") => void} turn_page
 * @property {() => void} moved  they scrolled
 */

export class LogView {
  #frame = element("log-frame", HTMLElement);
  #start = element("log-start", HTMLElement);
  #newest = element("newest", HTMLButtonElement);
  /** @type {KeyedList<Entry>} */
  #lines;
  /** @type {KeyedList<{id: string, line: Line}>} */
  #unsent;
  /** @type {Room | null} */
  #room = null;
  /** @type {Self} */
  #self = { name: "", moderator: false };
  /** The last message read before this room was opened. @type {number | null} */
  #unread_after = null;
  /** Which of the room's turns is shown. */
  #turns = 0;
  /** Whether it was known how far the room was read. */
  #is_known = false;
  #loud_again = 0;
  #reader;

  /** @param {Reader} reader @param {LineTools} tools */
  constructor(reader, tools) {
    this.#reader = reader;
    this.#lines = new KeyedList(
      element("log", HTMLElement),
      (entry) => entry_line(entry, this.#self, tools),
      update_line,
    );
    this.#unsent = new KeyedList(element("unsent", HTMLElement), ({ line }) => unsent_line(line, this.#self, tools));
    this.#newest.onclick = () => this.go_to_end();
    this.#frame.onscroll = () => this.#on_scroll();
    new ResizeObserver(() => this.#on_resize()).observe(this.#frame);
  }

  /** @param {Room} room @param {Line[]} unsent @param {Self} self */
  show(room, unsent, self) {
    const is_other = room !== this.#room || (!this.#is_known && room.unread > 0);
    const anchor = is_other || room.following ? null : this.#anchor();
    if (is_other) {
      this.#open(room);
    }
    if (self.name !== this.#self.name || self.moderator !== this.#self.moderator) {
      this.#self = self;
      this.#lines.show([]);
      this.#be_quiet();
    }
    this.#note(room, is_other);
    const entries = entries_of(room, this.#unread_after, new Date());
    this.#lines.show(entries.map((entry) => ({ ...entry, id: `${room.name} ${room.histories} ${entry.id}` })));
    this.#unsent.show(unsent.map((line) => ({ id: `${line.key} ${line.state}`, line })));
    this.#show_beginning(room);
    this.#settle(is_other, anchor);
    this.#show_newest(room);
  }

  /** Whether the newest message is before the reader's eyes. */
  get is_at_newest() {
    return this.#is_seen && this.#room?.following === true && this.#room.at_newest;
  }

  /** On a small screen another part of the page may be in its place: then it has no size and no place to scroll to. */
  get #is_seen() {
    return this.#frame.clientHeight > 0;
  }

  /** The reader was away: show them where they left. */
  returned() {
    const room = this.#room;
    if (room && room.unread > 0) {
      this.#unread_after = room.read;
    }
  }

  /** See the newest messages. */
  go_to_end() {
    if (this.#room?.at_newest) {
      this.#room.follow(true);
      this.#scroll_to_end();
      this.#reader.moved();
    } else if (this.#room) {
      this.#room.follow(true);
      this.#reader.turn_page(this.#room, "newest");
    }
  }

  /** @param {Room} room */
  #open(room) {
    this.#room = room;
    this.#unread_after = room.unread > 0 ? room.read : null;
    room.follow(true);
  }

  /** Announce what was said now, and not what was read up. @param {Room} room @param {boolean} is_other */
  #note(room, is_other) {
    if (is_other || room.turns !== this.#turns) {
      this.#be_quiet();
    }
    this.#turns = room.turns;
    this.#is_known = room.read !== null && room.last !== null;
  }

  /** Where the reader is after what has changed. @param {boolean} is_other @param {[Element, number] | null} anchor */
  #settle(is_other, anchor) {
    const mark = this.#frame.querySelector(".unread");
    if (is_other && mark && this.#is_seen) {
      mark.scrollIntoView({ block: "center" });
      // What is below was not seen yet.
      this.#room?.follow(this.#room.at_newest && this.#is_near_end());
    } else if (this.#room?.following) {
      this.#scroll_to_end();
    } else if (anchor?.[0].isConnected) {
      this.#frame.scrollTop += anchor[0].getBoundingClientRect().top - anchor[1];
    }
    this.#look_back();
  }

  /** @param {Room} room */
  #show_newest(room) {
    this.#newest.hidden = room.following || (room.unread === 0 && this.#is_near_end());
    set_text(this.#newest, room.unread > 0 ? `${room.unread} new ${plural("message", room.unread)}` : "To the newest");
  }

  /** Say so where nothing older can be read. @param {Room} room */
  #show_beginning(room) {
    const begin = room.messages[0]?.number ?? (room.last ?? 0) + 1;
    this.#start.hidden = room.place !== "inside" || begin > room.first;
    set_text(this.#start, beginning(room));
  }

  /** It comes into sight, too, when another part of the page goes. */
  #on_resize() {
    if (this.#room?.following) {
      this.#scroll_to_end();
    }
    this.#reader.moved();
  }

  #on_scroll() {
    const room = this.#room;
    if (!room) {
      return;
    }
    const is_at_end = this.#is_near_end();
    room.follow(is_at_end && room.at_newest);
    if (is_at_end && !room.at_newest) {
      this.#reader.turn_page(room, "newer");
    }
    this.#look_back();
    this.#reader.moved();
  }

  #look_back() {
    if (this.#room && this.#is_seen && this.#frame.scrollTop < NEAR_BEGIN) {
      this.#reader.turn_page(this.#room, "older");
    }
  }

  /** The first line that is seen and where it is. @returns {[Element, number] | null} */
  #anchor() {
    const top = this.#frame.getBoundingClientRect().top;
    // A day moves to the first of its messages, and would take the reader with it.
    for (const line of this.#frame.querySelectorAll("[data-number]")) {
      const place = line.getBoundingClientRect();
      if (place.bottom > top) {
        return [line, place.top];
      }
    }
    return null;
  }

  #is_near_end() {
    const { scrollTop, scrollHeight, clientHeight } = this.#frame;
    return scrollHeight - scrollTop - clientHeight < NEAR_END;
  }

  #scroll_to_end() {
    this.#frame.scrollTop = this.#frame.scrollHeight;
  }

  #be_quiet() {
    clearTimeout(this.#loud_again);
    this.#frame.setAttribute("aria-live", "off");
    this.#loud_again = setTimeout(() => this.#frame.setAttribute("aria-live", "polite"), QUIET_MS);
  }
}

/** What changes about a line that stays: whom it follows, and "Today" after midnight.
 * @param {HTMLElement} line @param {Entry} entry
 */
function update_line(line, entry) {
  line.classList.toggle("follows", entry.kind === "said" && entry.follows);
  if (entry.kind === "day") {
    set_text(/** @type {HTMLElement} */ (line.firstElementChild), entry.text);
  }
}

/** @param {string} word @param {number} count */
function plural(word, count) {
  return count === 1 ? word : `${word}s`;
}

/** @param {Room} room */
function beginning(room) {
  if (room.messages.length === 0) {
    return "Nobody has said anything yet.";
  }
  return room.first > 1 ? "What was said before is no longer kept." : `This is where ${room.name} begins.`;
}
