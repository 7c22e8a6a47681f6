// @ts-check
/** One room as this window knows it: what was said, who is inside, how far it was read. No page and no network. */

/** What is kept of a room, and shown of it: a stretch of its messages without a gap. */
export const MOST_LINES = 500;
export const PAGE = 100;
const MOST_NOTICES = 20;

/**
 * @typedef {object} Said
 * @property {number} number
 * @property {string} name
 * @property {string} text
 * @property {string} time  ISO 8601, UTC
 * @property {string} [kind]
 * @property {boolean} [deleted]
 * @property {boolean} [edited]
 * @property {string} [edited_at]  ISO 8601, UTC; where that is known
 * @property {string} [token]  of a live message
 *
 * @typedef {{id: string, after: number, text: string}} Notice  `after`: the number of the message before it
 * @typedef {"outside" | "joining" | "inside" | "put out"} Place
 * @typedef {{messages: Said[], first: number, last: number}} Page
 * @typedef {{epoch: string, token: string, reset: boolean}} History  whether it is another one than we have seen
 * @typedef {{deleted?: number[], edited?: Said[]}} Changed  what has changed of older messages
 * @typedef {Page & History & Changed & {members: string[], count: number, topic: string}} Joined
 */

export class Room {
  /** @type {Place} */
  place = "outside";
  topic = "";
  /** How many persons are inside; `members` has not all of them in a large room. */
  count = 0;
  /** @type {Set<string>} */
  members = new Set();
  /** @type {Said[]} */
  messages = [];
  /** @type {Notice[]} */
  notices = [];
  /** The lowest number that the server keeps. */
  first = 1;
  /** The highest number that has come; null before the first join. @type {number | null} */
  last = null;
  /** What tells the server which history we have seen: the last it has said. @type {string | undefined} */
  epoch = undefined;
  /** @type {string | undefined} */
  token = undefined;
  /** How often another history took the place of the one before: a number means another message then. */
  histories = 0;
  /** The highest number that was read; null where that is not known. @type {number | null} */
  read = null;
  /** Whether the reader is at the end: the oldest lines go as new ones come. */
  following = true;
  /** How often other messages took the place of those kept, or joined them, that are no news. */
  turns = 0;
  /** Which page was asked for. @type {"older" | "newer" | "newest" | null} */
  loading = null;
  #noticesSoFar = 0;

  /** @param {string} name */
  constructor(name) {
    this.name = name;
  }

  /** How many messages were not read yet. */
  get unread() {
    return Math.max(0, (this.last ?? 0) - (this.read ?? this.last ?? 0));
  }

  /** Whether the newest message is among those kept. */
  get atNewest() {
    return this.#end() >= (this.last ?? 0);
  }

  /** The answer to join. @param {Joined} joined */
  joined(joined) {
    const since = this.last;
    this.place = "inside";
    this.topic = joined.topic;
    this.first = joined.first;
    this.present(joined.members, joined.count);
    joined.deleted?.forEach((number) => this.deleted(number));
    joined.edited?.forEach(({ number, text, edited_at }) => this.edited(number, text, edited_at));
    this.epoch = joined.epoch;
    this.token = joined.token;
    if (since === null || joined.reset || joined.last < since) {
      this.#begin(joined, since !== null);
    } else {
      this.#catchUp(joined, since);
    }
    this.read = Math.min(this.read ?? joined.last, joined.last);
  }

  /** The request to be let in, with what we have seen; the first has no since. */
  get wayIn() {
    return { type: "join", room: this.name, since: this.last ?? undefined, epoch: this.epoch, token: this.token };
  }

  /** A live message. Whether it is new. @param {Said} said */
  heard(said) {
    this.token = said.token ?? this.token;
    if (said.number <= (this.last ?? 0)) {
      return false;
    }
    const isNext = this.#end() === said.number - 1;
    this.last = said.number;
    if (said.kind === "topic") {
      this.topic = said.text;
    }
    if (isNext && (this.following || this.messages.length < MOST_LINES)) {
      this.messages.push(said);
      this.#trim();
    }
    return true;
  }

  /** All was read, up to a number. @param {number | null} [number]  that of the newest, if it is left out */
  markRead(number = this.last) {
    if (this.read !== null && number !== null) {
      // What has not come yet cannot have been read here.
      this.read = Math.max(this.read, Math.min(number, this.last ?? 0));
    }
  }

  /** The reader has come to the end, or left it. @param {boolean} following */
  follow(following) {
    this.following = following;
    this.#trim();
  }

  /**
   * The request for a page, to be sent; null where there is nothing more that way, or one is on its way.
   * @param {"older" | "newer" | "newest"} way
   * @returns {{before?: number, limit: number} | null}
   */
  wants(way) {
    const begin = this.messages[0]?.number ?? (this.last ?? 0) + 1;
    const isOver = way === "older" ? begin <= this.first || this.#isFull : this.atNewest;
    if (this.loading || this.place !== "inside" || isOver) {
      return null;
    }
    this.loading = way;
    const before = { older: begin, newer: this.#end() + PAGE + 1, newest: undefined }[way];
    return before === undefined ? { limit: PAGE } : { before, limit: PAGE };
  }

  /** The answer to such a request. @param {Page} page */
  paged({ messages, first, last }) {
    const way = this.loading;
    const begin = this.messages[0]?.number ?? Infinity;
    this.loading = null;
    this.turns += 1;
    this.first = first;
    if (way === "older") {
      const older = messages.filter((said) => said.number < begin);
      const all = [...older, ...this.messages];
      this.messages = this.following ? all.slice(-MOST_LINES) : all.slice(0, MOST_LINES);
    } else if (way === "newer") {
      const newer = messages.filter((said) => said.number > this.#end());
      this.messages = [...this.messages, ...newer].slice(-MOST_LINES);
    } else if (way === "newest") {
      this.messages = messages;
      this.last = Math.max(this.last ?? 0, last);
    }
  }

  /** Keep the messages of a page in place of the others: somebody reads there. @param {Page} page */
  turnTo({ messages, first, last }) {
    this.messages = messages;
    this.first = first;
    this.last = Math.max(this.last ?? 0, last);
    this.following = false;
    // What is on its way belongs to those before.
    this.loading = null;
    this.turns += 1;
  }

  /** @param {number} number @param {string} [topic]  what the room's is now, where that is told */
  deleted(number, topic = this.topic) {
    this.topic = topic;
    const index = this.messages.findIndex((said) => said.number === number);
    const said = this.messages[index];
    if (said) {
      this.messages[index] = { ...said, text: "", deleted: true };
    }
  }

  /**
   * @param {number} number
   * @param {string} text  what it says now
   * @param {string} [time]  since when, where that is known
   */
  edited(number, text, time) {
    const index = this.messages.findIndex((said) => said.number === number);
    const said = this.messages[index];
    if (said && !said.deleted) {
      this.messages[index] = { ...said, text, edited: true, edited_at: time };
    }
  }

  /** Who is inside; without names in a large room. @param {string[] | undefined} members @param {number} count */
  present(members, count) {
    if (members) {
      this.members = new Set(members);
    }
    this.count = count;
  }

  /** More names of a large room. @param {string[]} members @param {number} count */
  morePresent(members, count) {
    members.forEach((name) => this.members.add(name));
    this.count = count;
  }

  /** @param {string} name @param {boolean} here */
  moved(name, here) {
    if (this.members.has(name) !== here) {
      here ? this.members.add(name) : this.members.delete(name);
      this.count += here ? 1 : -1;
    }
  }

  /**
   * A moderator put somebody out.
   * @param {string} name
   * @param {string} by
   * @param {string} reason
   * @param {boolean} isMe
   */
  putOut(name, by, reason, isMe) {
    this.moved(name, false);
    this.notice(`${by} removed ${isMe ? "you" : name} from this room${reason ? `: ${reason}` : ""}`);
    if (isMe) {
      this.place = "put out";
    }
  }

  /** The connection is gone. */
  lost() {
    this.loading = null;
    // Whoever was put out comes back when they want to, and not by themselves.
    if (this.place !== "put out") {
      this.place = "outside";
    }
  }

  /** Something to read at the end of the log, which no history has. @param {string} text */
  notice(text) {
    this.#noticesSoFar += 1;
    this.notices.push({ id: `notice-${this.#noticesSoFar}`, after: this.last ?? 0, text });
    this.notices.splice(0, this.notices.length - MOST_NOTICES);
  }

  /** @param {Joined} joined @param {boolean} anew */
  #begin(joined, anew) {
    this.messages = joined.messages.slice(-MOST_LINES);
    this.last = joined.last;
    this.loading = null;
    this.turns += 1;
    if (anew) {
      this.histories += 1;
      this.notices = [];
      this.read = joined.last;
      this.notice("This room has another history now: the service was restored, or has lost messages.");
    }
  }

  /** What was said while we were away. @param {Joined} joined @param {number} since */
  #catchUp(joined, since) {
    const lost = Math.min(joined.first, joined.last + 1) - since - 1;
    if (lost > 0) {
      this.notice(`${lost} older messages are no longer to be had.`);
    }
    const oldest = joined.messages[0]?.number ?? joined.last + 1;
    if (oldest > since + 1) {
      // Not all of it came; what lies between is asked for when it is scrolled to.
      this.messages = joined.messages.slice(-MOST_LINES);
      this.last = joined.last;
      this.turns += 1;
    } else {
      joined.messages.forEach((said) => this.heard(said));
      this.last = Math.max(since, joined.last);
    }
  }

  #end() {
    return this.messages[this.messages.length - 1]?.number ?? this.last ?? 0;
  }

  /** At the end the newest are what is wanted: then nothing older has room beside them. */
  get #isFull() {
    return this.following && this.messages.length >= MOST_LINES;
  }

  #trim() {
    if (this.#isFull) {
      this.messages.splice(0, this.messages.length - MOST_LINES);
    }
  }
}
