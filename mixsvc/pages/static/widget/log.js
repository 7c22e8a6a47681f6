// @ts-check
/** The messages of the room, and what is not sent yet. What others wrote goes in as text. */

import { button, focusOn, KeyedList, made, setText } from "../dom.js";
import { calls, UnreadCalls } from "../text/calls.js";
import { NamesHere } from "../text/mentions.js";
import { showText } from "../text/rich.js";
import { givesMenu } from "../views/parts/menu.js";
import { quieting } from "../views/parts/quiet.js";
import { roving } from "../views/parts/roving.js";

/**
 * @typedef {import("../client/client.js").ChatClient} ChatClient
 * @typedef {import("../client/client.js").Line} Line
 * @typedef {import("../client/room.js").Room} Room
 * @typedef {import("../client/room.js").Said} Said
 * @typedef {import("./texts.js").Words} Words
 *
 * @typedef {import("../views/parts/menu.js").Item} Item
 * @typedef {{id: string, said: Said}} Shown
 * @typedef {{id: string, line: Line}} Unsent
 */

/** How near to its end the log counts as at the end, in pixels. */
const NEAR = 24;

export class LogView {
  #words;
  #client;
  /** @type {Room | null} */
  #room = null;
  #list = made("ol", "");
  #unsent = made("ol", "unsent");
  #earlier;
  #newest;
  #lines;
  #waiting;
  #clock;
  #dated;
  #full;
  /** The day on which the times of the lines are shown. */
  #today = "";
  #items;
  #rove;
  #beQuiet;
  #names = new NamesHere();
  #calls = new UnreadCalls(() => this.#room && this.show(this.#room));
  /** The number of the message that is to be pointed at. @type {number | null} */
  #sought = null;
  /** Whether the reader has asked for the newest messages, which may not be here yet. */
  #isEndWanted = false;
  /** Which of the room's turns is shown. */
  #turns = 0;
  /** Where the reader has scrolled to, as far as it was told. */
  #top = 0;

  /** @param {Words} words @param {ChatClient} client @param {(said: Said) => Item[]} items  of a message's menu */
  constructor(words, client, items) {
    this.#items = items;
    this.#words = words;
    this.#client = client;
    this.#clock = new Intl.DateTimeFormat(words.lang, { hour: "2-digit", minute: "2-digit" });
    this.#dated = new Intl.DateTimeFormat(words.lang, { dateStyle: "medium", timeStyle: "short" });
    this.#full = new Intl.DateTimeFormat(words.lang, { dateStyle: "full", timeStyle: "short" });
    this.#earlier = button("quiet earlier", words.say("older"), () => this.#turn());
    this.#newest = button("newest", words.say("newest"), () => this.#goToEnd());
    this.#newest.hidden = true;
    this.#newest.part.add("newest");
    this.scroller = made("div", "log", this.#earlier, this.#list, this.#unsent);
    this.scroller.part.add("log");
    this.scroller.tabIndex = 0;
    this.scroller.setAttribute("role", "log");
    this.#beQuiet = quieting(this.scroller);
    // One's own line is read out as all others are: when it is stored.
    this.#unsent.setAttribute("aria-live", "off");
    this.scroller.onscroll = () => this.#onScroll();
    // Whoever reads the newest goes on to do so when there is less room, or more.
    new ResizeObserver(() => this.#onResize()).observe(this.scroller);
    this.#lines = new KeyedList(this.#list, this.#madeLine, (place, { said }) =>
      keepFocus(place, () => this.#update(place, said)),
    );
    this.#rove = roving(this.#list, ".more");
    this.#waiting = new KeyedList(this.#unsent, this.#madeUnsent, (place, { line }) => this.#wait(place, line));
  }

  /** @returns {HTMLElement[]} */
  get parts() {
    return [this.scroller, this.#newest];
  }

  /** @param {Room} room */
  show(room) {
    const { scroller } = this;
    const wasAtEnd = this.#isFollowed(room);
    const height = scroller.scrollHeight;
    const first = this.#list.firstElementChild;
    this.#note(room, new Date().toDateString());
    this.#names.learn(room, this.#client.self.name);
    this.#lines.show(room.messages.map((said) => ({ id: `${room.histories}.${said.number}`, said })));
    this.#waiting.show(this.#client.outbox.of(room.name).map((line) => ({ id: line.key, line })));
    this.#rove();
    this.#earlier.hidden = (room.messages[0]?.number ?? 0) <= room.first || room.place !== "inside";
    if (wasAtEnd) {
      this.#isEndWanted = false;
      this.#scrollToEnd();
      this.#read(room);
    } else if (!this.#pointAtSought() && first !== this.#list.firstElementChild && scroller.scrollTop < height) {
      // Earlier messages came: what is read stays where it is.
      scroller.scrollTop += scroller.scrollHeight - height;
    }
    this.#showNewest(room);
  }

  /** Announce what is said now, and neither what was said before nor that this was yesterday.
   * @param {Room} room @param {string} today
   */
  #note(room, today) {
    if (room !== this.#room || room.turns !== this.#turns || today !== this.#today) {
      this.#beQuiet();
    }
    this.#today = today;
    this.#room = room;
    this.#turns = room.turns;
  }

  /** @param {Room} room */
  #showNewest(room) {
    const calls = this.#calls.of(room, this.#client.self.name);
    this.#newest.hidden = room.atNewest && (this.#isAtEnd || room.unread === 0);
    setText(this.#newest, calls > 0 ? this.#words.say("newestCalls", room.unread, calls) : this.#words.say("newest"));
  }

  /** Point at a message that is here. @param {number} number */
  seek(number) {
    this.#sought = number;
    this.#room?.follow(false);
    this.#room && this.show(this.#room);
  }

  /** Whether a message was sought, and is here. */
  #pointAtSought() {
    const line = this.#lineOf(this.#sought);
    if (!line) {
      return false;
    }
    this.#sought = null;
    this.#list.querySelector(".sought")?.classList.remove("sought");
    line.classList.add("sought");
    focusOn(line);
    line.scrollIntoView({ block: "center" });
    return true;
  }

  /** Be at a message, or at the log where it is not here any more. @param {number} number */
  focus(number) {
    const line = this.#lineOf(number);
    line?.scrollIntoView({ block: "nearest" });
    focusOn(line ?? this.scroller);
  }

  /** @param {number | null} number @returns {HTMLElement | null} */
  #lineOf(number) {
    return this.#list.querySelector(`[data-number="${number}"]`);
  }

  /** A text has another height now. */
  #grown() {
    this.#room?.following && this.#scrollToEnd();
  }

  /** Whether the reader goes on to the newest. @param {Room} room */
  #isFollowed(room) {
    return room.following && (this.#isAtEnd || this.#room !== room || (this.#isEndWanted && room.atNewest));
  }

  get #isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR;
  }

  #scrollToEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  /** It is at another place in the page, where it begins with its oldest messages: go on where the reader is. */
  moved() {
    if (this.#room?.following) {
      this.#scrollToEnd();
    } else {
      this.scroller.scrollTop = this.#top;
    }
  }

  /** See the newest messages. */
  #goToEnd() {
    const room = this.#room;
    if (room) {
      room.follow(true);
      this.#isEndWanted = true;
      this.show(room);
      this.#client.turnPage(room, "newest");
    }
  }

  #turn() {
    this.#room?.follow(false);
    this.#room && this.#client.turnPage(this.#room, "older");
  }

  #onScroll() {
    const [room, isAtEnd] = [this.#room, this.#isAtEnd];
    this.#top = this.scroller.scrollTop;
    if (room && isAtEnd && !room.atNewest) {
      this.#client.turnPage(room, "newer");
      return;
    }
    room?.follow(isAtEnd);
    if (room && isAtEnd) {
      this.#read(room);
      this.#newest.hidden = true;
    }
  }

  /** It may be in sight now. */
  #onResize() {
    if (this.#room?.following) {
      this.#scrollToEnd();
      this.#read(this.#room);
    }
  }

  /** The reader is at the end, and sees that where the log is not hidden by what it is in. @param {Room} room */
  #read(room) {
    this.scroller.clientHeight > 0 && room.atNewest && room.markRead();
  }

  /** @param {Shown} shown */
  #madeLine = ({ said }) => {
    const line = said.kind === "topic" ? this.#topicLine(said) : this.#saidLine(said);
    line.dataset["number"] = String(said.number);
    return line;
  };

  /** @param {Said} said */
  #topicLine(said) {
    const text = this.#words.say(said.text ? "topicSet" : "topicGone", said.name, said.text);
    return made("li", "notice", made("span", "topic-text", text));
  }

  /** @param {Said} said */
  #saidLine(said) {
    const name = made("bdi", "name", said.name);
    name.part.add("name");
    const when = made("time", "");
    when.dateTime = said.time;
    when.title = this.#full.format(new Date(said.time));
    const head = made("p", "head", name, when);
    const line = made("li", "line", head, this.#text(said));
    line.classList.toggle("action", said.kind === "action");
    this.#mark(line, said.number);
    line.part.add("line");
    return line;
  }

  /** A message as it is now. @param {number} number */
  #now(number) {
    return this.#room?.messages.find((said) => said.number === number);
  }

  /** Let a line show whether its message calls the reader. @param {HTMLElement} line @param {number} number */
  #mark(line, number) {
    const said = this.#now(number);
    const text = said && said.name !== this.#client.self.name ? said.text : "";
    line.classList.toggle("calls", calls(text, this.#names.now, () => this.#mark(line, number)));
  }

  /** @param {Said} said */
  #text(said) {
    const shown = made("span", "");
    showText(shown, said.text, this.#names.now, () => this.#grown());
    const place = made("div", "text", shown);
    place.dir = "auto";
    place.part.add("text");
    if (said.edited) {
      const time = said.edited_at && this.#when(said.edited_at);
      place.append(" ", made("small", "edited", this.#words.say("edited"), time ? ` ${time}` : ""));
    }
    return place;
  }

  /** The time of day, with the date where that is not today. @param {string} time  ISO 8601, UTC */
  #when(time) {
    const when = new Date(time);
    return (when.toDateString() === this.#today ? this.#clock : this.#dated).format(when);
  }

  /** A line that stays is of yesterday after midnight. @param {HTMLElement} place @param {Said} said */
  #showTime(place, said) {
    if (place.dataset["day"] !== this.#today) {
      place.dataset["day"] = this.#today;
      const when = place.querySelector("time");
      when && setText(when, this.#when(said.time));
    }
  }

  /** Its menu shows what can be done when it is opened. @param {HTMLElement} place @param {number} number */
  #giveMenu(place, number) {
    const more = button("quiet more", "⋯", () => {});
    more.tabIndex = -1;
    more.setAttribute("aria-label", this.#words.say("menu", number));
    givesMenu(more, () => this.#items(/** @type {Said} */ (this.#now(number))));
    place.append(more);
  }

  /** @param {HTMLElement} place @param {Said} said */
  #update(place, said) {
    const shown = `${this.#today} ${said.text}`;
    this.#showTime(place, said);
    const hasMenu = this.#items(said).length > 0;
    const more = place.querySelector(".more");
    hasMenu || more?.remove();
    hasMenu && !more && this.#giveMenu(place, said.number);
    const text = place.querySelector(".text, .topic-text");
    if (said.deleted && text) {
      text.replaceWith(made("p", "deleted", this.#words.say("deleted")));
      this.#mark(place, said.number);
    } else if (said.edited && text && place.dataset["shown"] !== shown) {
      place.dataset["shown"] = shown;
      text.replaceWith(this.#text(said));
      this.#mark(place, said.number);
    }
  }

  /** @param {Unsent} unsent */
  #madeUnsent = ({ line }) => {
    const text = made("p", "text", line.text);
    text.dir = "auto";
    const state = made("p", "state");
    state.setAttribute("aria-live", "polite");
    const retry = button("quiet", this.#words.say("retry"), () => this.#client.retry(line));
    const discard = button("quiet", this.#words.say("discard"), () => this.#client.discard(line));
    return made("li", "line", text, state, retry, discard);
  };

  /** @param {HTMLElement} place @param {Line} line */
  #wait(place, line) {
    const hasFailed = line.state === "failed";
    place.classList.toggle("failed", hasFailed);
    const state = /** @type {HTMLElement} */ (place.querySelector(".state"));
    setText(state, hasFailed ? this.#why(line) : this.#words.say("waiting"));
    place.querySelectorAll("button").forEach((each) => (each.hidden = !hasFailed));
  }

  /** @param {Line} line  that has failed */
  #why({ code, reason, text }) {
    return this.#words.refusal("say", code, reason, this.#client.excess(text));
  }
}

/** Change a line; if what has the focus goes, the line gets it. @param {HTMLElement} line @param {() => void} change */
function keepFocus(line, change) {
  const hadFocus = line.matches(":focus-within");
  change();
  hadFocus && !line.matches(":focus-within") && focusOn(line);
}
