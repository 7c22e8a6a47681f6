// @ts-check
/** What the chat tells, put on the page: one room is open, the others wait at the side. */

import { isAttended } from "../client/attention.js";
import { Attention, onAttention } from "./attention.js";
import { Authoring } from "./authoring.js";
import { Door } from "./door.js";
import { element, setText } from "../dom.js";
import { UnreadCalls } from "../text/calls.js";
import { withLinks } from "../text/links.js";
import { isWanted, levelItems } from "./levels.js";
import { LogView } from "./log_view.js";
import { furthest, onRemembered, readOf, remember, remembered } from "./memory.js";
import { Conduct } from "./moderation/conduct.js";
import { PeopleView } from "./people_view.js";
import { adopted } from "./preview.js";
import { Finder } from "../search/finder.js";
import { RoomsView } from "./rooms_view.js";
import { sentence } from "./sentences.js";
import { givesMenu } from "./parts/menu.js";
import { showPart } from "./parts/tabs.js";

/** How often a page that is not seen is brought up to date. */
const HIDDEN_MS = 200;

/**
 * @typedef {import("../client/client.js").ChatClient} Chat
 * @typedef {import("./door.js").Visitor} Visitor
 * @typedef {import("../client/exchange.js").Message} Message
 * @typedef {import("../client/greeting.js").Phase} Phase
 * @typedef {import("../client/greeting.js").Self} Self
 * @typedef {import("../client/room.js").Room} Room
 * @typedef {import("../client/room.js").Said} Said
 */

/** Shows what the client tells: see `follow`. */
export class Page {
  #title = element("room-title", HTMLElement);
  #topic = element("room-topic", HTMLElement);
  #menu = element("room-menu", HTMLButtonElement);
  #outside = element("outside", HTMLElement);
  #side = element("side", HTMLElement);
  #log;
  #people;
  #rooms;
  #door;
  #conduct;
  #attention;
  #calls = new UnreadCalls(() => this.changed());
  #authoring;
  /** @type {Phase} */
  #phase = "nameless";
  /** @type {Self} */
  #self = { name: "", moderator: false };
  /** The name of the open room. */
  #open = "";
  /** The room that was asked for last: it is shown once one is inside. */
  #wanted = "";
  /** The one for whoever has no other. */
  #firstRoom = "";
  #hasRooms = false;
  #isScheduled = false;
  /** What other windows have read, which may come before the messages themselves. */
  #elsewhere = remembered();
  #chat;
  #visitor;
  #finder;
  #onRates;

  /**
   * @param {() => Chat} chat  it is made later than this
   * @param {Visitor} visitor
   * @param {(message: Message) => void} onRates
   */
  constructor(chat, visitor, onRates) {
    this.#chat = chat;
    this.#onRates = onRates;
    this.#visitor = visitor;
    const ask = (/** @type {Message} */ message) => chat().ask(message);
    this.#conduct = new Conduct({ ask, connect: () => chat().connect(), changed: () => this.changed() });
    this.#authoring = new Authoring(chat, {
      room: () => this.#here,
      self: () => this.#self,
      said: () => this.#log.goToEnd(),
      remove: (said) => this.#conduct.confirmDeletion(this.#here, said),
    });
    this.#door = new Door(visitor);
    this.#rooms = new RoomsView({
      open: (name) => this.open(name),
      list: (after) => ask({ type: "rooms", after }),
    });
    this.#people = new PeopleView(
      (after) => ask({ type: "who", room: this.#open, after }),
      (name) => this.#conduct.itemsFor(this.#open, name),
    );
    const keep = (/** @type {boolean} */ notify) => remember({ notify });
    this.#attention = new Attention(remembered().notify, keep, (why) => this.notice(why));
    this.#log = this.#newLog();
    this.#finder = new Finder(chat, this, () => this.#open, this.#log);
    givesMenu(this.#menu, () => this.#roomItems());
    givesMenu(element("me-menu", HTMLButtonElement), () => this.#myItems());
    element("join-again", HTMLButtonElement).onclick = () => chat().join(this.#open);
    onAttention(() => this.#onAttention());
    onRemembered((kept) => {
      this.#elsewhere = furthest(this.#elsewhere, kept);
      this.changed();
    });
  }

  /** Show what the server has put on the page before any script ran. */
  begin() {
    const room = adopted();
    if (room) {
      this.#chat().rooms.set(room.name, room);
      this.#open = room.name;
    }
    this.changed();
  }

  /** Show a room, and join it if need be: until one is inside, and where one is refused, nothing changes.
   * @param {string} name
   */
  open(name) {
    const chat = this.#chat();
    this.#wanted = name;
    const isKnown = chat.rooms.has(name);
    const joined = chat.join(name);
    if (isKnown) {
      this.#show(name);
    } else {
      joined.then(
        () => this.#wanted === name && this.#show(name),
        () => {},
      );
    }
  }

  /** @param {string} name  of a room one is in, or comes back to */
  #show(name) {
    this.#open = name;
    this.#finder.at(name);
    showPart("talk");
    remember({ open: name });
    this.#rooms.opened(name);
    this.changed();
    this.#phase !== "nameless" && this.#authoring.composer.focus();
  }

  /** @param {Phase} phase @param {Self} self */
  phase(phase, self) {
    const comesIn = this.#phase === "nameless" && phase !== "nameless";
    this.#phase = phase;
    this.#self = self;
    this.#conduct.phase(phase, self);
    this.#refresh();
    if (comesIn) {
      this.#authoring.composer.focus();
    }
  }

  /** @param {string[]} rooms @param {string} epoch  of the history */
  welcome(rooms, epoch) {
    const kept = remembered();
    remember({ epoch });
    this.#firstRoom = rooms[0] ?? "";
    if (this.#hasRooms) {
      return;
    }
    this.#hasRooms = true;
    const names = Object.keys(kept.rooms);
    // Without an epoch an older page has written it.
    const isOther = kept.epoch !== "" && kept.epoch !== epoch;
    this.#comeTo(names.length > 0 ? names : [this.#firstRoom], isOther ? {} : kept.rooms, kept.open);
    this.#finder.begin();
  }

  /** Bring the page up to date soon, once for all that has changed. */
  changed() {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      const refresh = () => this.#refresh();
      document.hidden ? setTimeout(refresh, HIDDEN_MS) : requestAnimationFrame(refresh);
    }
  }

  /** Be told what happens. @param {Chat} chat */
  follow(chat) {
    chat.on("status", (status) => this.#conduct.status(status));
    chat.on("phase", ({ phase, self }) => this.phase(phase, self));
    chat.on("welcome", ({ rooms, epoch }) => this.welcome(rooms, epoch));
    chat.on("change", () => this.changed());
    chat.on("event", (message) => this.#conduct.hear(message));
    chat.on("message", ({ room, message, isLive }) => isLive && this.heard(room, message));
    chat.on("lineRefused", ({ text, line }) => this.#authoring.lineRefused(text, line));
    chat.on("roomRefused", ({ room, text, suggestion }) => this.roomRefused(room, text, suggestion));
    chat.on("nameRefused", ({ text, suggestion }) => this.nameRefused(text, suggestion));
    chat.on("notice", (text) => this.notice(text));
    chat.on("other", (message) => this.other(message));
  }

  /** @param {Room} room @param {Said} said */
  async heard(room, said) {
    if (said.name !== this.#self.name && (await isWanted(room, said, this.#self.name))) {
      this.#attention.heard(room, said, () => this.open(room.name));
    }
  }

  /** @param {string} text */
  notice(text) {
    this.#chat().rooms.get(this.#open)?.notice(text);
    this.changed();
  }

  /** @param {string} text @param {string} suggestion */
  nameRefused(text, suggestion) {
    this.#door.refused(text, suggestion);
  }

  /** @param {string} name @param {string} text @param {string} suggestion */
  roomRefused(name, text, suggestion) {
    this.#authoring.roomRefused(name);
    const other = this.#chat().rooms.keys().next().value ?? this.#firstRoom;
    if (name === this.#open && name !== other) {
      this.open(other);
    }
    this.#rooms.refused(name, suggestion, text);
  }

  /** @param {Message} message */
  other(message) {
    if (this.#conduct.take(message)) {
      // It is in a dialog.
    } else if (Object.hasOwn(this.#others, message.type)) {
      this.#others[message.type]?.(message);
    } else {
      const text = sentence(message, this.#self.name, new Date());
      text && this.notice(text);
    }
    this.changed();
  }

  /** @type {Record<string, (message: Message) => void>} */
  #others = {
    rates: (message) => this.#onRates(message),
    rooms: ({ rooms, more }) => this.#rooms.listed(rooms, more),
  };

  /** What the room's menu offers. */
  #roomItems() {
    const leave = { label: "Leave this room", act: () => this.#leaveRoom() };
    return [...levelItems(this.#open), ...(this.#chat().rooms.size > 1 ? [leave] : [])];
  }

  /** What the person's own menu offers. */
  #myItems() {
    return [
      ...this.#attention.items(),
      { label: "Change my name", act: () => this.#visitor.rename() },
      ...this.#conduct.items(),
      ...(this.#self.moderator ? [{ label: "Log out", act: () => this.#visitor.logOut() }] : []),
    ];
  }

  #newLog() {
    const chat = this.#chat;
    return new LogView(
      { turnPage: (room, way) => chat().turnPage(room, way), moved: () => this.changed() },
      {
        retry: (line) => chat().retry(line),
        edit: (line) => this.#authoring.takeBack(line),
        discard: (line) => chat().discard(line),
        items: (said) => this.#authoring.itemsOf(said),
      },
    );
  }

  /** Be in these rooms, and in no others.
   * @param {string[]} names
   * @param {Record<string, number>} read  up to which number, where that is known
   * @param {string} open
   */
  #comeTo(names, read, open) {
    const { rooms } = this.#chat();
    [...rooms.keys()].filter((name) => !names.includes(name)).forEach((name) => rooms.delete(name));
    for (const name of names) {
      this.#chat().join(name);
      const room = rooms.get(name);
      room && (room.read ??= readOf(read, name));
    }
    this.#open = names.includes(open) ? open : (names[0] ?? "");
  }

  /** The open room. */
  get #here() {
    return this.#chat().rooms.get(this.#open);
  }

  #leaveRoom() {
    const chat = this.#chat();
    chat.leave(this.#open);
    this.open(chat.rooms.keys().next().value ?? this.#open);
  }

  #onAttention() {
    if (isAttended()) {
      this.#log.returned();
      this.changed();
    } else {
      // The frame that was waited for may not come before the page is seen again.
      this.#refresh();
    }
  }

  /** What was read in another window is read here. */
  #readElsewhere() {
    const { rooms, epoch } = this.#elsewhere;
    for (const room of this.#chat().rooms.values()) {
      if (room.epoch === epoch && Object.hasOwn(rooms, room.name)) {
        room.markRead(Number(rooms[room.name]));
      }
    }
  }

  #refresh() {
    this.#isScheduled = false;
    const chat = this.#chat();
    this.#readElsewhere();
    const room = chat.rooms.get(this.#open);
    onbeforeunload = chat.outbox.isEmpty ? null : (event) => event.preventDefault();
    if (!room) {
      this.#authoring.composer.hidden = true;
      this.#door.show(this.#phase !== "nameless", this.#self);
      return;
    }
    this.#log.show(room, chat.outbox.of(room.name), this.#self);
    if (isAttended() && room.place === "inside" && this.#log.isAtNewest) {
      room.markRead();
    }
    this.#showHead(room);
    this.#showPlace(room);
    this.#people.show(room, this.#self, (name) => this.#conduct.isMuted(name));
    /** @type {[Room, number][]} */
    const counted = [...chat.rooms.values()].map((each) => [each, this.#calls.of(each, this.#self.name)]);
    this.#rooms.show(counted, room.name, this.#phase === "here");
    this.#countUnread(counted);
  }

  /** @param {Room} room */
  #showHead(room) {
    setText(/** @type {HTMLElement} */ (this.#title.firstElementChild), room.name);
    this.#showTopic(room.topic);
    this.#menu.hidden = this.#phase !== "here";
  }

  /** @param {string} topic */
  #showTopic(topic) {
    if (this.#topic.textContent !== topic) {
      this.#topic.replaceChildren(...withLinks(topic));
      // It may not have the room for the whole of it.
      this.#topic.title = topic;
    }
  }

  /** At the bottom is the door, the way back in, or where one writes. @param {Room} room */
  #showPlace(room) {
    const isNameless = this.#phase === "nameless";
    const { isBanned } = this.#conduct;
    const isPutOut = room.place === "put out" && !isNameless;
    this.#side.dataset["phase"] = isBanned ? "banned" : this.#phase;
    this.#authoring.composer.open(room.name);
    this.#authoring.composer.hidden = isNameless || isPutOut || isBanned;
    this.#outside.hidden = !isPutOut || isBanned;
    this.#conduct.show();
    this.#door.show(!isNameless || isBanned, this.#self);
  }

  /** @param {[Room, number][]} counted */
  #countUnread(counted) {
    const rooms = counted.map(([room]) => room);
    const count = rooms.reduce((sum, each) => sum + each.unread, 0);
    const calls = counted.reduce((sum, [, each]) => sum + each, 0);
    this.#attention.badge(count, calls, this.#phase === "nameless" ? "" : this.#open);
    if (this.#phase === "here" && rooms.every((each) => each.read !== null)) {
      remember({ rooms: Object.fromEntries(rooms.map((each) => [each.name, each.read ?? 0])) });
    }
  }
}
