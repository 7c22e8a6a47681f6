// @ts-check
/** The log of the open room: it follows what comes while one is at its end, and stays put while one reads. */

import { KeyedList, element, focusOn, setText } from "../dom.js";
import { addressOf } from "../search/places.js";
import { NamesHere } from "../text/mentions.js";
import { entriesOf } from "./entries.js";
import { entryLine, unsentLine } from "./lines.js";
import { quieting } from "./parts/quiet.js";
import { roving } from "./parts/roving.js";

/** So near to an end, in pixels, a reader is there. */
const NEAR_END = 60;
const NEAR_BEGIN = 400;
/** How long a message is pointed at that somebody has followed a link to. */
const SOUGHT_MS = 4_000;

/**
 * @typedef {import("./entries.js").Entry} Entry
 * @typedef {import("./lines.js").LineTools} LineTools
 * @typedef {import("../client/outbox.js").Line} Line
 * @typedef {import("../client/greeting.js").Self} Self
 * @typedef {import("../client/room.js").Room} Room
 *
 * @typedef {object} Reader  what the one who reads does
 * @property {(room: Room, way: "older" | "newer" | "newest") => void} turnPage
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
  #unreadAfter = null;
  /** Which of the room's turns is shown. */
  #turns = 0;
  /** Whether it was known how far the room was read. */
  #isKnown = false;
  #beQuiet = quieting(this.#frame);
  /** Of the frame, when it was last known where in it the reader is. */
  #height = 0;
  #reader;
  #rove;

  /** The message that is to be pointed at. @type {{room: string, number: number} | null} */
  #sought = null;
  #names = new NamesHere();

  /** @param {Reader} reader @param {Omit<LineTools, "names" | "changed" | "address">} actions */
  constructor(reader, actions) {
    this.#reader = reader;
    const tools = { ...actions, names: () => this.#names.now, changed: reader.moved, address: this.#address };
    this.#lines = new KeyedList(
      element("log", HTMLElement),
      (entry) => entryLine(entry, this.#self, tools),
      updateLine,
    );
    this.#rove = roving(element("log", HTMLElement), ".more");
    this.#unsent = new KeyedList(element("unsent", HTMLElement), ({ line }) => unsentLine(line, this.#self, tools));
    this.#newest.onclick = () => this.goToEnd();
    this.#frame.onscroll = () => this.#onScroll();
    new ResizeObserver(() => this.#onResize()).observe(this.#frame);
  }

  /** @param {Room} room @param {Line[]} unsent @param {Self} self */
  show(room, unsent, self) {
    const isOther = room !== this.#room || (!this.#isKnown && room.unread > 0);
    const anchor = isOther || room.following ? null : this.#anchor();
    const focused = isOther ? null : document.activeElement;
    if (isOther) {
      this.#open(room);
    }
    if (self.name !== this.#self.name || self.moderator !== this.#self.moderator) {
      this.#self = self;
      this.#lines.show([]);
      this.#beQuiet();
    }
    this.#note(room, isOther);
    this.#names.learn(room, this.#self.name);
    const entries = entriesOf(room, this.#unreadAfter, new Date());
    this.#lines.show(entries.map((entry) => ({ ...entry, id: `${room.name} ${room.histories} ${entry.id}` })));
    this.#unsent.show(unsent.map((line) => ({ id: `${line.key} ${line.state}`, line })));
    this.#rove();
    this.#keepFocus(focused);
    this.#showBeginning(room);
    this.#pointAtSought() || this.#settle(isOther, anchor);
    this.#showNewest(room);
  }

  /** The link to a message of the room. @param {number} number */
  #address = (number) => addressOf(this.#room?.name ?? "", number);

  /** Point at a message as soon as it is here. @param {string} room @param {number} number */
  seek(room, number) {
    this.#sought = { room, number };
    this.#reader.moved();
  }

  /** Whether it was sought, and is here. */
  #pointAtSought() {
    const { room, number } = this.#sought ?? {};
    const isHere = this.#isSeen && this.#room?.name === room;
    const line = isHere ? this.#lineOf(number) : null;
    if (!line) {
      return false;
    }
    this.#sought = null;
    this.#room?.follow(false);
    this.#frame.querySelector(".sought")?.classList.remove("sought");
    line.scrollIntoView({ block: "center" });
    line.classList.add("sought");
    focusOn(line);
    setTimeout(() => line.classList.remove("sought"), SOUGHT_MS);
    return true;
  }

  /** @param {number | string | undefined} number @returns {HTMLElement | null} */
  #lineOf(number) {
    return this.#frame.querySelector(`[data-number="${number}"]`);
  }

  /** Where a line had the focus, the one in its place has it. @param {Element | null} focused  before that */
  #keepFocus(focused) {
    const line = focused?.isConnected ? null : this.#lineOf(focused?.closest("li")?.dataset["number"]);
    line && focusOn(line);
  }

  /** Whether the newest message is before the reader's eyes. */
  get isAtNewest() {
    return this.#isSeen && this.#room?.following === true && this.#room.atNewest;
  }

  /** On a small screen another part of the page may be in its place: then it has no size and no place to scroll to. */
  get #isSeen() {
    return this.#frame.clientHeight > 0;
  }

  /** The reader was away: show them where they left. */
  returned() {
    const room = this.#room;
    if (room && room.unread > 0) {
      this.#unreadAfter = room.read;
    }
  }

  /** See the newest messages. */
  goToEnd() {
    if (this.#room?.atNewest) {
      this.#room.follow(true);
      this.#scrollToEnd();
      this.#reader.moved();
    } else if (this.#room) {
      this.#room.follow(true);
      this.#reader.turnPage(this.#room, "newest");
    }
  }

  /** @param {Room} room */
  #open(room) {
    this.#room = room;
    this.#unreadAfter = room.unread > 0 ? room.read : null;
    room.follow(true);
  }

  /** Announce what was said now, and not what was read up. @param {Room} room @param {boolean} isOther */
  #note(room, isOther) {
    if (isOther || room.turns !== this.#turns) {
      this.#beQuiet();
    }
    this.#turns = room.turns;
    this.#isKnown = room.read !== null && room.last !== null;
  }

  /** Where the reader is after what has changed. @param {boolean} isOther @param {[Element, number] | null} anchor */
  #settle(isOther, anchor) {
    const mark = this.#frame.querySelector(".unread");
    if (isOther && mark && this.#isSeen) {
      mark.scrollIntoView({ block: "center" });
      // What is below was not seen yet.
      this.#room?.follow(this.#room.atNewest && this.#isNearEnd());
    } else if (this.#room?.following) {
      this.#scrollToEnd();
    } else if (anchor?.[0].isConnected) {
      this.#frame.scrollTop += anchor[0].getBoundingClientRect().top - anchor[1];
    }
    this.#lookBack();
  }

  /** @param {Room} room */
  #showNewest(room) {
    this.#newest.hidden = room.following || (room.unread === 0 && this.#isNearEnd());
    setText(this.#newest, room.unread > 0 ? `${room.unread} new ${plural("message", room.unread)}` : "To the newest");
  }

  /** Say so where nothing older can be read. @param {Room} room */
  #showBeginning(room) {
    const begin = room.messages[0]?.number ?? (room.last ?? 0) + 1;
    this.#start.hidden = room.place !== "inside" || begin > room.first;
    setText(this.#start, beginning(room));
  }

  /** It comes into sight, too, when another part of the page goes. */
  #onResize() {
    this.#height = this.#frame.clientHeight;
    if (this.#room?.following) {
      this.#scrollToEnd();
    }
    this.#reader.moved();
  }

  #onScroll() {
    const room = this.#room;
    if (!room || this.#frame.clientHeight !== this.#height) {
      // The frame has another size, which is no act of the reader: see #onResize.
      return;
    }
    const isAtEnd = this.#isNearEnd();
    room.follow(isAtEnd && room.atNewest);
    if (isAtEnd && !room.atNewest) {
      this.#reader.turnPage(room, "newer");
    }
    this.#lookBack();
    this.#reader.moved();
  }

  #lookBack() {
    if (this.#room && this.#isSeen && this.#frame.scrollTop < NEAR_BEGIN) {
      this.#reader.turnPage(this.#room, "older");
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

  #isNearEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.#frame;
    return scrollHeight - scrollTop - clientHeight < NEAR_END;
  }

  #scrollToEnd() {
    this.#frame.scrollTop = this.#frame.scrollHeight;
  }
}

/** What changes about a line that stays: whom it follows, and "Today" after midnight.
 * @param {HTMLElement} line @param {Entry} entry
 */
function updateLine(line, entry) {
  line.classList.toggle("follows", entry.kind === "said" && entry.follows);
  if (entry.kind === "day") {
    setText(/** @type {HTMLElement} */ (line.firstElementChild), entry.text);
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
