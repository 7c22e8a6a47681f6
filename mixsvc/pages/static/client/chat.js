// @ts-check
/**
 * Our side of the chat protocol (docs/reference/chat-protocol.md), without page and without network.
 *
 * It survives the connection: after a new one it says hello again, joins its rooms from the last numbers it has seen
 * and repeats, with the same keys, what was not acknowledged. The server stores each key once.
 */

import { BUSY_RETRY_MS, PASSING } from "./delivery.js";
import { ChatError, errorOf, noConnection, rejected } from "./errors.js";
import { Exchange, parse } from "./exchange.js";
import { Greeting } from "./greeting.js";
import { MessageRequests } from "./message_requests.js";
import { Pending } from "./pending.js";
import { Room } from "./room.js";
import { refusalOf } from "./room_names.js";
import { Searches } from "./searches.js";
import { Speech } from "./speech.js";

/**
 * @typedef {import("./exchange.js").Message} Message
 * @typedef {import("./exchange.js").World} World
 * @typedef {import("./greeting.js").Host} Host
 * @typedef {import("./outbox.js").Line} Line
 * @typedef {import("./greeting.js").Identify} Identify
 * @typedef {import("./room.js").Page} Page
 * @typedef {import("./room.js").Said} Said
 * @typedef {import("./searches.js").Where} Where
 * @typedef {object} RoomsAudience  who is told what happens
 * @property {(rooms: string[], epoch: string) => void} welcome  we are in, and may join rooms; there are these
 * @property {() => void} changed  something about the rooms or the outbox
 * @property {(room: Room, said: Said, isLive: boolean) => void} heard  it is new; not live: said while we were away
 * @property {(text: string, line: Line) => void} lineRefused  it is faulty; whoever can mend it takes it away
 * @property {(message: Message) => void} event  everything that comes
 * @property {(room: string, text: string, suggestion: string, code: string) => void} roomRefused
 * @property {(message: Message) => void} other  rates, rooms, done and the like, and refusals of such requests
 * @typedef {Host & RoomsAudience} Audience
 */

export class Chat {
  /** Those joined, or being joined, or that somebody put us out of. @type {Map<string, Room>} */
  rooms = new Map();
  /** @type {string[]} */
  #pairs = [];
  #exchange;
  #speech;
  #greeting;
  #audience;
  /** By the room's name. @type {Pending<Room>} */
  #joining = new Pending();
  /** By the room's name; answers come in the order of the questions. @type {Pending<Page>} */
  #paging = new Pending();
  #aboutMessages = new MessageRequests((message) => this.ask(message));
  #searches;

  /** @param {World} world @param {Audience} audience @param {Identify | null} identify */
  constructor(world, audience, identify = null) {
    this.#exchange = new Exchange(world);
    const place = (/** @type {string} */ name) => this.rooms.get(name)?.place ?? "put out";
    const isIn = (/** @type {string} */ name) => place(name) !== "put out";
    const isOpen = (/** @type {string} */ name) => this.#isHere && place(name) === "inside";
    this.#speech = new Speech(this.#exchange, world.newKey, { isIn, isOpen }, audience);
    this.#greeting = new Greeting(this.#exchange, audience, identify);
    this.#searches = new Searches(world.newKey, (message) => this.ask(message));
    this.#audience = audience;
  }

  get outbox() {
    return this.#speech.outbox;
  }

  get self() {
    return this.#greeting.self;
  }

  get phase() {
    return this.#greeting.phase;
  }

  get #isHere() {
    return this.#greeting.phase === "here";
  }

  /** The person has a name. @param {string} name @param {string} token  "" where the session says who it is */
  enter(name, token) {
    this.#greeting.enter(name, token);
  }

  /** The person wants another name; the connection has to end, too. */
  quit() {
    this.#greeting.quit();
  }

  /** Be in a room, now and after each new connection. @param {string} name @returns {Promise<Room>} once inside */
  join(name) {
    const wrong = refusalOf(name);
    if (wrong) {
      this.#audience.roomRefused(wrong.room, wrong.message, "", wrong.code);
      return rejected(wrong);
    }
    const room = this.rooms.get(name) ?? new Room(name);
    this.rooms.set(name, room);
    if (this.#isHere && !["joining", "inside"].includes(room.place)) {
      this.#askToJoin(room);
    }
    this.#audience.changed();
    return room.place === "inside" ? Promise.resolve(room) : this.#joining.wait(name);
  }

  /** @param {string} name */
  leave(name) {
    this.rooms.delete(name);
    this.outbox.of(name).forEach((line) => this.#speech.forget(line));
    this.#joining.reject(name, new ChatError("left", "The room was left."));
    this.ask({ type: "leave", room: name });
    this.#audience.changed();
  }

  /** Why a text cannot be said now; "" where it can. @param {string} text @param {string} [room]  where */
  refusal(text, room) {
    return this.#speech.refusal(text, room);
  }

  /** How many characters a text has too many. @param {string} text */
  excess(text) {
    return this.#speech.excess(text);
  }

  /** The person says a line: its number once it is stored. @param {string} room @param {string} text */
  say(room, text) {
    return this.#speech.say(room, text);
  }

  /** Try a line again that has failed. @param {Line} line */
  retry(line) {
    this.#speech.retry(line);
  }

  /** Forget lines; what waits behind them goes on after that. @param {(Line | undefined)[]} lines */
  discard(...lines) {
    lines.forEach((line) => this.#speech.forget(line));
    this.#speech.deliver();
  }

  /**
   * Ask for a page of a room, if there is more that way.
   * @param {Room} room
   * @param {"older" | "newer" | "newest"} way
   */
  turnPage(room, way) {
    const wanted = this.#isHere && room.wants(way);
    if (wanted) {
      this.history(room.name, wanted).then(
        (page) => {
          room.paged(page);
          this.#audience.changed();
        },
        // Till then nobody asks again, however much is scrolled. After a lost connection what is asked is another page.
        ({ code, wait }) => {
          code === "lost" || this.#exchange.later(wait * 1000 || BUSY_RETRY_MS, () => (room.loading = null));
        },
      );
    }
  }

  /**
   * Ask for a page of a room's history.
   * @param {string} room
   * @param {{before?: number, limit?: number}} [which]
   * @returns {Promise<Page>}
   */
  history(room, { before, limit } = {}) {
    const wrong = this.#wrongWith(room);
    if (wrong) {
      return rejected(wrong);
    }
    this.ask({ type: "history", room, before, limit });
    return this.#paging.wait(room);
  }

  /** Give a message of one's own another text. @param {string} room @param {number} number @param {string} text */
  edit(room, number, text) {
    const tooLong = this.#speech.tooLong(text);
    const wrong = tooLong ? new ChatError("not_taken", tooLong, { room }) : refusalOf(room);
    return wrong ? rejected(wrong) : this.#askAbout({ type: "edit", room, number, text });
  }

  /** Delete a message of one's own. @param {string} room @param {number} number */
  remove(room, number) {
    return this.#askAbout({ type: "delete", room, number });
  }

  /** What a message has said, for moderators; the oldest text first. @param {string} room @param {number} number */
  texts(room, number) {
    return this.#askAbout({ type: "edits", room, number });
  }

  /** @param {Message} message  about one of a room @returns {Promise<any>} */
  #askAbout(message) {
    const wrong = this.#wrongWith(message["room"]);
    return wrong ? rejected(wrong) : this.#aboutMessages.send(message);
  }

  /** Find messages that have all words of a text, the newest first. @param {string} text @param {Where} [where] */
  search(text, where) {
    return this.#isHere ? this.#searches.find(text, where) : rejected(this.#unasked());
  }

  /** Say which pairs we want to hear of after each welcome. @param {string[]} pairs */
  subscribe(pairs) {
    this.#pairs = pairs;
  }

  /** Ask for something; whether it is asked: nothing happens where nobody can be. @param {Message} message */
  ask(message) {
    this.#isHere && this.#exchange.send(message);
    return this.#isHere;
  }

  /** Why nothing can be asked about a room; null if it can. @param {string} room */
  #wrongWith(room) {
    return refusalOf(room) ?? (this.#isHere ? null : this.#unasked(room));
  }

  /** Why nothing can be asked now. @param {string} [room]  where it is about one */
  #unasked(room) {
    return this.phase === "nameless" ? new ChatError("no_name", "Enter the chat first.", { room }) : noConnection(room);
  }

  /** Say something that is answered at once, whoever we are and whatever waits. */
  ping() {
    this.#exchange.ping();
  }

  /** A connection is there. */
  opened() {
    this.#exchange.connected = true;
    this.#greeting.opened();
  }

  /** The connection is gone; what was not acknowledged waits for the next. */
  lost() {
    this.#exchange.lost();
    const lost = noConnection();
    this.#paging.rejectAll(lost);
    this.#searches.lost(lost);
    this.#aboutMessages.lost();
    this.rooms.forEach((room) => room.lost());
    this.#speech.lost();
    this.#greeting.lost();
  }

  /** A text has come from the server. @param {string} text */
  received(text) {
    this.#exchange.heard();
    const message = parse(text);
    if (message) {
      this.#audience.event(message);
      // Whoever is told may close the connection.
      this.#exchange.connected && this.#take(message);
    }
    if (this.#exchange.connected && this.#isOwed()) {
      this.#exchange.waitForAnswer();
    }
  }

  /** @param {Message} message */
  #take(message) {
    if (this.#aboutMessages.take(message)) {
      // Whoever asked for it is told.
    } else if (Object.hasOwn(this.#answers, message.type)) {
      this.#answers[message.type]?.(message);
    } else if (Object.hasOwn(this.#events, message.type)) {
      const room = this.rooms.get(message.room);
      room && this.#events[message.type]?.(room, message);
      this.#audience.changed();
    } else {
      this.#audience.other(message);
    }
  }

  /** @type {Record<string, (message: Message) => void>} */
  #answers = {
    welcome: (message) => this.#onWelcome(message),
    said: ({ key, number }) => {
      this.#speech.forget(this.outbox.find(key), number);
      this.#speech.deliver();
    },
    history: (message) => this.#paging.next(message.room)?.resolve(/** @type {any} */ (message)),
    found: (message) => this.#searches.found(message),
    error: (message) => this.#onError(message),
    logged_out: () => {
      if (!this.#greeting.canIdentify) {
        this.quit();
        this.#audience.nameRefused("You have logged out.", "", "logged_out");
      }
    },
    notice: ({ text }) => {
      // It is all that /help is answered by.
      this.#speech.forget(this.outbox.command("/help"), null);
      this.#speech.deliver();
      this.#audience.notice(text);
    },
  };

  /** @type {Record<string, (room: Room, message: Message) => void>} */
  #events = {
    joined: (room, message) => this.#onJoined(room, message),
    left: () => {},
    message: (room, message) => {
      const said = /** @type {Said} */ (/** @type {unknown} */ (message));
      room.heard(said) && this.#audience.heard(room, said, true);
    },
    came: (room, { name }) => room.moved(name, true),
    went: (room, { name }) => room.moved(name, false),
    presence: (room, { members, count }) => room.present(members, count),
    who: (room, { members, count }) => room.morePresent(members, count),
    deleted: (room, { number, topic }) => room.deleted(number, topic),
    edited: (room, { number, text, edited_at }) => room.edited(number, text, edited_at),
    kicked: (room, { name, by, reason }) => {
      room.putOut(name, by, reason, name === this.#greeting.self.name);
      this.#speech.deliver();
    },
  };

  /** @param {Message} message */
  #onWelcome(message) {
    this.#greeting.welcome(message);
    this.#speech.limit(message.max_text);
    this.#isHere && this.#audience.welcome(message.rooms, message.epoch);
    if (this.#isHere) {
      this.rooms.forEach((room) => room.place === "outside" && this.#askToJoin(room));
    }
    this.ask({ type: "rooms" });
    this.ask({ type: "subscribe", pairs: this.#pairs });
  }

  /** @param {Room} room @param {Message} message */
  #onJoined(room, message) {
    const since = room.last;
    const { histories } = room;
    const joined = /** @type {import("./room.js").Joined} */ (/** @type {unknown} */ (message));
    room.joined(joined);
    this.#speech.deliver();
    this.#joining.resolve(room.name, room);
    if (since !== null && histories === room.histories) {
      // The room may keep others, which somebody reads.
      const missed = joined.messages.filter(({ number }) => number > since);
      missed.forEach((said) => this.#audience.heard(room, said, false));
    }
  }

  /** @param {Room} room */
  #askToJoin(room) {
    room.place = "joining";
    this.#exchange.send(room.wayIn);
  }

  /** @param {Message} message */
  #onError(message) {
    const room = this.rooms.get(message.room);
    if (message.of === "hello") {
      this.#greeting.refused(message);
    } else if (message.of === "say") {
      this.#speech.refused(message);
    } else if (message.of === "join" && room) {
      this.#onJoinRefused(room, message);
    } else if (message.of === "history") {
      this.#paging.next(message.room)?.reject(errorOf(message));
    } else if (message.of === "search") {
      this.#searches.refused(message);
    } else {
      this.#audience.other(message);
    }
  }

  /** @param {Room} room @param {Message} message */
  #onJoinRefused(room, message) {
    const { code, text, suggestion = "", wait } = message;
    if (PASSING.includes(code)) {
      room.place = "outside";
      // It may have been left meanwhile, or asked for.
      const again = () =>
        this.rooms.get(room.name) === room && room.place === "outside" && this.#askToJoin(room);
      this.#exchange.later(wait * 1000 || BUSY_RETRY_MS, again);
    } else if (code !== "already_inside") {
      this.rooms.delete(room.name);
      this.#joining.reject(room.name, errorOf(message));
      this.#speech.close(room.name, errorOf(message));
      this.#audience.roomRefused(room.name, text, suggestion, code);
    }
    this.#audience.changed();
  }

  /** Whether the server has to answer something. */
  #isOwed() {
    const isJoining = [...this.rooms.values()].some((room) => room.place === "joining");
    return isJoining || this.#greeting.isOwed || this.outbox.isSending;
  }
}
