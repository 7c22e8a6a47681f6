// @ts-check
/**
 * Our side of the chat protocol (docs/chat-protocol.md), without page and without network.
 *
 * It survives the connection: after a new one it says hello again, joins from the last number it has seen and
 * repeats, with the same keys, what was not acknowledged. The server stores each key once.
 */

/** How long the server may take to answer. */
const ANSWER_MS = 20_000;
/** How often, and how many times, we ask for our own name again: the server may not have noticed yet that we went. */
const NAME_RETRY_MS = 1_000;
const NAME_RETRIES = 8;
const BUSY_RETRY_MS = 2_000;
const MOST_UNSENT = 20;

/**
 * @typedef {{number: number, name: string, text: string, time: string}} Said
 * @typedef {{key: string, text: string}} Unsent
 * @typedef {"nameless" | "away" | "greeting" | "joining" | "inside"} Phase
 * @typedef {{type: string} & Record<string, any>} Message  one JSON object of the protocol
 *
 * @typedef {object} World  what the chat needs of the outside
 * @property {(text: string) => void} send
 * @property {() => void} drop  the connection is dead: come back with another
 * @property {(ms: number, call: () => void) => () => void} later  returns what to call to cancel it
 * @property {() => string} new_key  different each time
 *
 * @typedef {object} Audience  who is told what happens
 * @property {(phase: Phase, name: string) => void} phase
 * @property {(said: Said[]) => void} said  new messages, oldest first, each once
 * @property {(unsent: Unsent[]) => void} unsent  ours that are not acknowledged yet
 * @property {(names: string[]) => void} members  all who are inside, sorted
 * @property {(text: string) => void} notice  something to read in the log
 * @property {(text: string, suggestion: string) => void} name_refused  suggestion: "" where there is none
 * @property {(text: string, line: string) => void} line_refused  line: what was refused
 */

export class Chat {
  /** @type {Phase} */
  #phase = "nameless";
  #connected = false;
  #name = "";
  /** What shows that our connections are of one person; "" where the session does. */
  #token = "";
  /** Whether the name was ours before the connection was lost: then we wait for our own ghost to go. */
  #known = false;
  #retries = NAME_RETRIES;
  #room = "";
  /** The highest number seen in the room; null before the first join. @type {number | null} */
  #last = null;
  #max_text = Infinity;
  /** @type {Unsent[]} */
  #unsent = [];
  /** @type {Set<string>} */
  #members = new Set();
  /** @type {Set<() => void>} */
  #timers = new Set();
  #stop_waiting = () => {};
  #world;
  #audience;

  /** @param {World} world @param {Audience} audience */
  constructor(world, audience) {
    this.#world = world;
    this.#audience = audience;
  }

  /** The person has a name. @param {string} name @param {string} token  "" where the session says who it is */
  enter(name, token) {
    this.#name = name;
    this.#token = token;
    this.#known = false;
    this.#enter_phase("away");
    if (this.#connected) {
      this.#greet();
    }
  }

  /** The person wants another name; the connection has to end, too. */
  quit() {
    this.#known = false;
    this.#enter_phase("nameless");
  }

  /** The person says a line; false where it cannot be taken now, and the audience is told why. @param {string} text */
  say(text) {
    const excess = [...text].length - this.#max_text;
    if (excess > 0) {
      this.#audience.line_refused(`This is too long by ${excess} characters.`, "");
      return false;
    }
    if (this.#unsent.length >= MOST_UNSENT) {
      this.#audience.line_refused("Wait until the messages before this one are sent.", "");
      return false;
    }
    const line = { key: this.#world.new_key(), text };
    this.#unsent.push(line);
    this.#audience.unsent(this.#unsent);
    this.#send_line(line);
    return true;
  }

  /** A connection is there. */
  opened() {
    this.#connected = true;
    if (this.#phase !== "nameless") {
      this.#greet();
    }
  }

  /** The connection is gone; what was not acknowledged waits for the next. */
  lost() {
    this.#connected = false;
    this.#stop_waiting();
    this.#timers.forEach((cancel) => cancel());
    this.#timers.clear();
    if (this.#phase !== "nameless") {
      this.#enter_phase("away");
    }
  }

  /** A text has come from the server. @param {string} text */
  received(text) {
    this.#stop_waiting();
    const message = parse(text);
    if (message && Object.hasOwn(this.#answers, message.type)) {
      this.#answers[message.type]?.(message);
    }
    if (this.#connected && (this.#phase === "joining" || this.#unsent.length > 0)) {
      this.#wait_for_answer();
    }
  }

  /** @type {Record<string, (message: Message) => void>} */
  #answers = {
    welcome: (message) => this.#on_welcome(message),
    joined: (message) => this.#on_joined(message),
    message: (message) => this.#show(message.room, [/** @type {any} */ (message)]),
    said: (message) => this.#settle(message.key),
    came: (message) => this.#on_move(message, true),
    went: (message) => this.#on_move(message, false),
    error: (message) => this.#on_error(message),
  };

  /** @param {Message} message */
  #on_welcome(message) {
    this.#name = message.name;
    this.#known = true;
    this.#retries = NAME_RETRIES;
    this.#max_text = message.max_text;
    const [room] = message.rooms;
    if (room !== this.#room) {
      this.#room = room;
      this.#last = null;
    }
    this.#join();
  }

  #join() {
    this.#enter_phase("joining");
    // JSON leaves undefined out: the first join has no since.
    this.#send({ type: "join", room: this.#room, since: this.#last ?? undefined });
  }

  /** @param {Message} message */
  #on_joined(message) {
    if (message.room !== this.#room) {
      return;
    }
    this.#notice_gap(message);
    this.#members = new Set(message.members);
    this.#enter_phase("inside");
    this.#audience.members([...this.#members]);
    this.#show(message.room, message.messages);
    this.#last = message.last;
    this.#unsent.forEach((line) => this.#send_line(line));
  }

  /** Say what we missed while we were away. @param {Message} joined */
  #notice_gap(joined) {
    if (this.#last === null) {
      return;
    }
    if (joined.last < this.#last) {
      this.#last = 0;
      this.#audience.notice("The history of this room starts anew.");
      return;
    }
    const oldest = joined.messages[0]?.number ?? joined.last + 1;
    const missed = oldest - this.#last - 1;
    if (missed > 0) {
      this.#audience.notice(`${missed} older messages are no longer to be had.`);
    }
  }

  /** @param {string} room @param {Said[]} messages */
  #show(room, messages) {
    const last = this.#last ?? 0;
    const fresh = messages.filter((message) => message.number > last);
    if (room !== this.#room || fresh.length === 0) {
      return;
    }
    this.#last = fresh[fresh.length - 1]?.number ?? last;
    this.#audience.said(fresh);
  }

  /** @param {Message} message @param {boolean} here */
  #on_move(message, here) {
    const { room, name } = message;
    if (room !== this.#room || this.#members.has(name) === here) {
      return;
    }
    here ? this.#members.add(name) : this.#members.delete(name);
    this.#audience.members([...this.#members].sort());
    this.#audience.notice(`${name} ${here ? "came" : "went"}`);
  }

  /** @param {Message} message */
  #on_error(message) {
    if (message.of === "hello") {
      this.#on_name_refused(message);
    } else if (message.of === "join" && message.code === "busy") {
      this.#later(BUSY_RETRY_MS, () => this.#join());
    } else if (message.of === "say" && message.code === "not_saved") {
      const line = this.#unsent.find(({ key }) => key === message.key);
      line && this.#later(BUSY_RETRY_MS, () => this.#send_line(line));
    } else if (message.of === "say") {
      this.#audience.line_refused(message.text, this.#settle(message.key));
    } else {
      this.#audience.notice(message.text);
    }
  }

  /** @param {Message} message */
  #on_name_refused({ code, text, suggestion = "" }) {
    // A session's name is changed there, and not by saying another.
    const alternative = this.#token ? suggestion : "";
    if (code !== "name_taken" || !this.#known || (this.#retries === 0 && !alternative)) {
      this.#known = false;
      this.#enter_phase("nameless");
      this.#audience.name_refused(text, suggestion);
    } else if (this.#retries > 0) {
      this.#retries -= 1;
      this.#later(NAME_RETRY_MS, () => this.#greet());
    } else {
      this.#audience.notice(`Somebody else is ${this.#name} now; you are ${alternative}.`);
      this.#name = alternative;
      this.#greet();
    }
  }

  #greet() {
    this.#enter_phase("greeting");
    // JSON leaves undefined out.
    this.#send({ type: "hello", name: this.#name, token: this.#token || undefined });
  }

  /** Send a line that is still not acknowledged; outside of the room it waits. @param {Unsent} line */
  #send_line(line) {
    if (this.#phase === "inside" && this.#unsent.includes(line)) {
      this.#send({ type: "say", room: this.#room, text: line.text, key: line.key });
    }
  }

  /** A line is through, or refused: forget it; returns its text. @param {string} key */
  #settle(key) {
    const line = this.#unsent.find((each) => each.key === key);
    this.#unsent = this.#unsent.filter((each) => each !== line);
    this.#audience.unsent(this.#unsent);
    return line?.text ?? "";
  }

  /** @param {Message} message */
  #send(message) {
    this.#world.send(JSON.stringify(message));
    this.#wait_for_answer();
  }

  #wait_for_answer() {
    this.#stop_waiting();
    this.#stop_waiting = this.#world.later(ANSWER_MS, () => this.#world.drop());
  }

  /** Do something later on this connection. @param {number} ms @param {() => void} call */
  #later(ms, call) {
    const cancel = this.#world.later(ms, () => {
      this.#timers.delete(cancel);
      call();
    });
    this.#timers.add(cancel);
  }

  /** @param {Phase} phase */
  #enter_phase(phase) {
    this.#phase = phase;
    this.#audience.phase(phase, this.#name);
  }
}

/** @param {string} text @returns {Message | null} */
function parse(text) {
  try {
    const message = JSON.parse(text);
    return typeof message?.type === "string" ? message : null;
  } catch {
    return null;
  }
}
