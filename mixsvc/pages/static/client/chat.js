// @ts-check
/**
 * Our side of the chat protocol (docs/reference/chat-protocol.md), without page and without network.
 *
 * It survives the connection: after a new one it says hello again, joins its rooms from the last numbers it has seen
 * and repeats, with the same keys, what was not acknowledged. The server stores each key once.
 */

import { BUSY_RETRY_MS, Delivery, PASSING } from "./delivery.js";
import { Exchange, parse } from "./exchange.js";
import { Greeting } from "./greeting.js";
import { Outbox } from "./outbox.js";
import { Room } from "./room.js";

/**
 * @typedef {import("./exchange.js").Message} Message
 * @typedef {import("./exchange.js").World} World
 * @typedef {import("./greeting.js").Phase} Phase
 * @typedef {import("./greeting.js").Self} Self
 * @typedef {import("./greeting.js").Host} Host
 * @typedef {import("./outbox.js").Line} Line
 * @typedef {import("./room.js").Said} Said
 *
 * @typedef {object} RoomsAudience  who is told what happens
 * @property {(rooms: string[], epoch: string) => void} welcome  we are in, and may join rooms; there are these
 * @property {() => void} changed  something about the rooms or the outbox
 * @property {(room: Room, said: Said) => void} heard  a new message, which came live
 * @property {(text: string) => void} not_said  a line cannot be taken now
 * @property {(text: string, line: Line) => boolean} line_refused  whether the line is where it can be mended
 * @property {(room: string, text: string, suggestion: string) => void} room_refused
 * @property {(message: Message) => void} other  rates, rooms, done and the like, and refusals of such requests
 * @typedef {Host & RoomsAudience} Audience
 */

export class Chat {
  /** Those joined, or being joined, or that somebody put us out of. @type {Map<string, Room>} */
  rooms = new Map();
  outbox = new Outbox();
  #max_text = Infinity;
  /** @type {string[]} */
  #pairs = [];
  #exchange;
  #delivery;
  #greeting;
  #new_key;
  #audience;

  /** @param {World} world @param {Audience} audience */
  constructor(world, audience) {
    this.#exchange = new Exchange(world);
    const is_open = (/** @type {string} */ name) => this.#is_here && this.rooms.get(name)?.place === "inside";
    this.#delivery = new Delivery(this.outbox, this.#exchange, is_open);
    this.#greeting = new Greeting(this.#exchange, audience);
    this.#new_key = world.new_key;
    this.#audience = audience;
  }

  get #is_here() {
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

  /** Be in a room, now and after each new connection. @param {string} name */
  join(name) {
    const room = this.rooms.get(name) ?? new Room(name);
    this.rooms.set(name, room);
    if (this.#is_here && !["joining", "inside"].includes(room.place)) {
      this.#ask_to_join(room);
    }
    this.#audience.changed();
    return room;
  }

  /** @param {string} name */
  leave(name) {
    this.rooms.delete(name);
    this.outbox.of(name).forEach((line) => this.outbox.forget(line));
    this.ask({ type: "leave", room: name });
    this.#audience.changed();
  }

  /** The person says a line; false where it cannot be taken now, and the audience is told why.
   * @param {string} room @param {string} text
   */
  say(room, text) {
    const excess = [...text].length - this.#max_text;
    if (excess > 0) {
      this.#audience.not_said(`This is too long by ${excess} characters.`);
      return false;
    }
    if (this.outbox.is_full) {
      this.#audience.not_said("Wait until the messages before this one are sent.");
      return false;
    }
    this.outbox.add(room, text, this.#new_key());
    this.#deliver();
    return true;
  }

  /** Try a line again that has failed. @param {Line} line */
  retry(line) {
    this.outbox.revive(line);
    this.#deliver();
  }

  /** Forget a line. @param {Line | undefined} line */
  discard(line) {
    this.outbox.forget(line);
    this.#deliver();
  }

  /**
   * Ask for a page of a room, if there is more that way.
   * @param {Room} room
   * @param {"older" | "newer" | "newest"} way
   */
  turn_page(room, way) {
    const wanted = this.#is_here ? room.wants(way) : null;
    if (wanted) {
      this.ask({ type: "history", room: room.name, ...wanted });
    }
  }

  /** Say which pairs we want to hear of after each welcome. @param {string[]} pairs */
  subscribe(pairs) {
    this.#pairs = pairs;
  }

  /** Ask for something; whether it is asked: nothing happens where nobody can be. @param {Message} message */
  ask(message) {
    this.#is_here && this.#exchange.send(message);
    return this.#is_here;
  }

  /** The computer may have slept: find out whether the connection still lives. */
  probe() {
    if (this.#is_here) {
      this.#exchange.probe({ type: "rooms" });
    }
  }

  /** A connection is there. */
  opened() {
    this.#exchange.connected = true;
    this.#greeting.opened();
  }

  /** The connection is gone; what was not acknowledged waits for the next. */
  lost() {
    this.#exchange.lost();
    this.#delivery.lost();
    this.rooms.forEach((room) => room.lost());
    this.#greeting.lost();
  }

  /** A text has come from the server. @param {string} text */
  received(text) {
    this.#exchange.heard();
    const message = parse(text);
    if (message) {
      this.#take(message);
    }
    if (this.#exchange.connected && this.#is_owed()) {
      this.#exchange.wait_for_answer();
    }
  }

  /** @param {Message} message */
  #take(message) {
    if (Object.hasOwn(this.#answers, message.type)) {
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
    welcome: (message) => this.#on_welcome(message),
    said: ({ key }) => this.discard(this.outbox.find(key)),
    error: (message) => this.#on_error(message),
    logged_out: () => {
      this.quit();
      this.#audience.name_refused("You have logged out.", "");
    },
    notice: ({ text }) => {
      // It is all that /help is answered by.
      this.discard(this.outbox.command("/help"));
      this.#audience.notice(text);
    },
  };

  /** @type {Record<string, (room: Room, message: Message) => void>} */
  #events = {
    joined: (room, message) => {
      room.joined(/** @type {any} */ (message));
      this.#delivery.go_on();
    },
    left: () => {},
    message: (room, message) => {
      const said = /** @type {Said} */ (/** @type {unknown} */ (message));
      room.heard(said) && this.#audience.heard(room, said);
    },
    came: (room, { name }) => room.moved(name, true),
    went: (room, { name }) => room.moved(name, false),
    presence: (room, { members, count }) => room.present(members, count),
    who: (room, { members, count }) => room.more_present(members, count),
    history: (room, message) => room.paged(/** @type {any} */ (message)),
    deleted: (room, { number, topic }) => room.deleted(number, topic),
    kicked: (room, { name, by, reason }) => room.put_out(name, by, reason, name === this.#greeting.self.name),
  };

  /** @param {Message} message */
  #on_welcome(message) {
    this.#max_text = message.max_text;
    this.#greeting.welcome(message);
    this.#audience.welcome(message.rooms, message.epoch);
    this.rooms.forEach((room) => room.place === "outside" && this.#ask_to_join(room));
    this.ask({ type: "rooms" });
    this.ask({ type: "subscribe", pairs: this.#pairs });
  }

  /** @param {Room} room */
  #ask_to_join(room) {
    room.place = "joining";
    this.#exchange.send(room.way_in);
  }

  /** @param {Message} message */
  #on_error(message) {
    const room = this.rooms.get(message.room);
    if (message.of === "hello") {
      this.#greeting.refused(message);
    } else if (message.of === "say") {
      this.#on_line_refused(message);
    } else if (message.of === "join" && room) {
      this.#on_join_refused(room, message);
    } else if (message.of === "history" && room) {
      // Till then nobody asks again, however much is scrolled.
      this.#exchange.later(message["wait"] * 1000 || BUSY_RETRY_MS, () => (room.loading = null));
    } else {
      this.#audience.other(message);
    }
  }

  /** @param {Room} room @param {Message} message */
  #on_join_refused(room, { code, text, suggestion = "", wait }) {
    if (PASSING.includes(code)) {
      this.#exchange.later(wait * 1000 || BUSY_RETRY_MS, () => this.#ask_to_join(room));
    } else if (code !== "already_inside") {
      this.rooms.delete(room.name);
      this.#audience.room_refused(room.name, text, suggestion);
    }
    this.#audience.changed();
  }

  /** @param {Message} message */
  #on_line_refused(message) {
    const line = this.outbox.find(message["key"]);
    const is_faulty = ["bad_text", "bad_command"].includes(message["code"]);
    if (line && is_faulty && this.#audience.line_refused(message["text"], line)) {
      this.outbox.forget(line);
    } else if (line) {
      this.#delivery.refused(line, message);
    }
    this.#deliver();
  }

  #deliver() {
    this.#delivery.go_on();
    this.#audience.changed();
  }

  /** Whether the server has to answer something. */
  #is_owed() {
    const is_joining = [...this.rooms.values()].some((room) => room.place === "joining");
    return is_joining || this.#greeting.phase === "greeting" || this.outbox.is_sending;
  }
}
