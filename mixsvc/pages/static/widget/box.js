// @ts-check
/** One chat box: what is shown of one room, and what the person does there. */

import { ChatClient } from "../client/client.js";
import { bannedUntil, statusFor } from "../client/connection.js";
import { button, KeyedList, made, onSubmit, setText } from "../dom.js";
import { boxComposer } from "./composer.js";
import { followGuests, guestOf, rememberGuest } from "./guest.js";
import { isEditable } from "../text/own.js";
import { LogView } from "./log.js";

/**
 * @typedef {import("../client/client.js").Identify} Identify
 * @typedef {import("../client/room.js").Room} Room
 * @typedef {import("./texts.js").Words} Words
 * @typedef {{url: string, room: string, token: Identify | null}} Place
 */

/** When to ask again for a name that a token says and somebody else has. */
const TAKEN_MS = 15_000;
/** How much of a text is shown where somebody is asked about it. */
const LONGEST = 60;

export class Box {
  #words;
  #place;
  #client;
  #log;
  #title = made("h2", "");
  #topic = made("p", "topic");
  #status = made("p", "status");
  #problem = made("p", "problem");
  #count;
  #search;
  #people = made("div", "people");
  #members = made("ul", "");
  #peopleList;
  #middle;
  /** What is in front of the messages. @type {HTMLElement | null} */
  #panel = null;
  #door;
  #name = made("input", "");
  #suggestion;
  #composer;
  #writing;
  #question = made("div", "outside question");
  #outside = made("div", "outside");
  #outsideText = made("p", "");
  #isRefused = false;
  /** Whether the chat has let us in, and has not taken it back. */
  #isKnown = false;
  /** Whether the person has just given a name. */
  #isEntering = false;
  /** The name that somebody else has taken while we were away. */
  #lostName = "";
  /** The name that was given here by whoever brings a token that says none. */
  #givenName = "";
  /** Whether a name is asked for though there is a token. */
  #isNameAsked = false;
  #timer = 0;
  #unfollow = () => {};
  /** Whoever leaves the page finds what was not sent when they come back. */
  #keepUnsent = () => this.#composer.giveBack(this.#client, this.#place.room);
  #isScheduled = false;
  /** @type {Room | undefined} */
  #room;

  /** @param {Words} words @param {Place} place */
  constructor(words, place) {
    this.#words = words;
    this.#place = place;
    this.#client = new ChatClient({ url: place.url, token: place.token });
    [this.#composer, this.#writing] = boxComposer(words, this.#client, place, this.#problem);
    this.#log = new LogView(words, this.#client, (said) => this.#itemsOf(said));
    this.#count = button("quiet", "", () => this.#togglePeople());
    this.#search = button("quiet", words.say("search"), () => this.#open(({ searchPanel }, host) => searchPanel(host)));
    this.#middle = made("div", "middle", ...this.#log.parts, this.#people);
    this.#suggestion = button("quiet", "", () => this.#enter(this.#suggestion.value));
    this.#peopleList = new KeyedList(this.#members, person);
    this.#door = this.#madeDoor();
    this.element = this.#madeBox();
    this.#follow();
  }

  get client() {
    return this.#client;
  }

  /** Connect and come in. */
  open() {
    this.#client.connect();
    this.#comeIn();
    // A name that is given in one box counts in all.
    this.#unfollow = followGuests((url) => url === this.#place.url && !this.#isKnown && this.#comeIn());
    addEventListener("pagehide", this.#keepUnsent);
    this.#refresh();
  }

  /** It is at another place in the page. */
  moved() {
    this.#log.moved();
  }

  /** End the connection; what was not sent is what the next box of the room begins with. */
  close() {
    clearTimeout(this.#timer);
    this.#keepUnsent();
    removeEventListener("pagehide", this.#keepUnsent);
    this.#unfollow();
    this.#client.close();
  }

  #comeIn() {
    const { name, secret } = this.#guest;
    this.#client.enter(name, secret);
    this.#client.join(this.#place.room);
  }

  /** Who somebody has said here to be; a token says all but the name, or that, too. */
  get #guest() {
    return this.#place.token ? { name: this.#givenName, secret: "" } : guestOf(this.#place.url);
  }

  /** Come in under a name, "" for what else says one. @param {string} name */
  #comeInAs(name) {
    if (this.#place.token) {
      this.#givenName = name;
      this.#comeIn();
    } else {
      rememberGuest(this.#place.url, name);
    }
  }

  #follow() {
    const client = this.#client;
    client.on("change", () => this.#changed());
    client.on("phase", () => this.#changed());
    client.on("phase", () => this.#showStatus());
    client.on("status", () => this.#showStatus());
    client.on("welcome", () => this.#onWelcome());
    client.on("nameRefused", (refused) => this.#onNameRefused(refused));
    client.on("tokenFailed", () => setText(this.#problem, this.#words.say("noToken")));
    client.on("notice", (text) => this.#onNotice(text));
    client.on("event", ({ type, room, name, by, reason }) => {
      if (type === "kicked" && room === this.#place.room && name === client.self.name) {
        setText(this.#outsideText, this.#words.say(reason ? "putOutWhy" : "putOut", by, reason));
      }
    });
    client.on("roomRefused", ({ text, code }) => {
      this.#isRefused = true;
      this.#keepUnsent();
      setText(this.#problem, this.#words.refusal("join", code, text));
    });
    client.on("lineRefused", ({ text, line }) => {
      // Else it is said beside the line.
      if (this.#composer.takeBack(line.text)) {
        client.discard(line);
        this.#composer.refused(this.#words.refusal("say", line.code, text, client.excess(line.text)));
      }
    });
  }

  #onWelcome() {
    this.#isKnown = true;
    this.#refresh();
    setText(this.#problem, this.#lostName && this.#words.say("renamed", this.#lostName, this.#client.self.name));
    this.#lostName = "";
    this.#isRefused ? this.#joinAgain() : this.#entered();
  }

  #entered() {
    this.#isEntering && this.#composer.focus();
    this.#isEntering = false;
  }

  /** The room that was refused may be open to us by now; else it is said once more why not. */
  async #joinAgain() {
    try {
      await this.#client.join(this.#place.room);
      this.#isRefused = false;
      this.#refresh();
      this.#entered();
    } catch {
      // The client has told why.
    }
  }

  #madeBox() {
    const words = this.#words;
    setText(this.#title, this.#place.room);
    this.#topic.dir = "auto";
    this.#status.setAttribute("role", "status");
    this.#problem.setAttribute("role", "alert");
    this.#count.setAttribute("aria-expanded", "false");
    this.#people.hidden = true;
    this.#search.hidden = true;
    this.#people.append(made("h3", "", words.say("peopleTitle")), this.#members);
    this.#people.tabIndex = 0;
    this.#people.setAttribute("role", "region");
    this.#people.setAttribute("aria-label", words.say("peopleTitle"));
    const again = button("", words.say("joinAgain"), () => this.#client.join(this.#place.room));
    this.#outside.append(this.#outsideText, again);
    const header = made("header", "", this.#title, this.#topic, this.#search, this.#count);
    const rest = [this.#status, this.#problem, this.#question, this.#outside, this.#door, this.#writing];
    const box = made("section", "box", header, this.#middle, ...rest);
    box.lang = words.lang;
    box.setAttribute("aria-label", words.say("chat", this.#place.room));
    this.#log.scroller.setAttribute("aria-label", words.say("chat", this.#place.room));
    const parts = { box, header, title: this.#title, topic: this.#topic, status: this.#status, people: this.#people };
    Object.entries({ ...parts, problem: this.#problem }).forEach(([name, each]) => each.part.add(name));
    return box;
  }

  #madeDoor() {
    const words = this.#words;
    this.#name.id = "name";
    this.#name.required = true;
    this.#name.maxLength = 64;
    this.#name.setAttribute("autocomplete", "nickname");
    this.#suggestion.hidden = true;
    const label = made("label", "", words.say("name"));
    label.htmlFor = "name";
    const form = made("form", "", label, this.#name, made("button", "", words.say("enter")), this.#suggestion);
    form.part.add("door");
    onSubmit(form, () => this.#enter(this.#name.value));
    return form;
  }

  /** @param {string} name */
  #enter(name) {
    this.#suggestion.hidden = true;
    setText(this.#problem, "");
    this.#isEntering = true;
    this.#comeInAs(name);
  }

  /** @param {string} text */
  #onNotice(text) {
    const { phase, self } = this.#client;
    if (phase === "here") {
      setText(this.#problem, text);
    } else {
      // We come back under another name: it is said once we are in, and which that is.
      this.#lostName ||= self.name;
    }
  }

  /** @param {{code: string, text: string, suggestion: string}} refused */
  #onNameRefused({ code, text, suggestion }) {
    this.#isKnown = false;
    this.#lostName = "";
    const say = (/** @type {"notLoggedIn" | "loggedOut"} */ key) => this.#words.say(key);
    const said = { no_name: "", no_token: say("notLoggedIn"), logged_out: say("loggedOut") };
    const own = Object.hasOwn(said, code) ? said[/** @type {keyof said} */ (code)] : null;
    setText(this.#problem, own ?? this.#words.refusal("hello", code, text));
    this.#suggestion.hidden = !suggestion;
    this.#suggestion.value = suggestion;
    setText(this.#suggestion, this.#words.say("useName", suggestion));
    // The session that was ours is nobody's now: the next connection has another.
    code === "logged_out" && this.#client.reconnect();
    this.#comeInAnotherWay(code);
    this.#changed();
  }

  /** Ask for a name, or do without the one that was given. @param {string} code  why we were not let in */
  #comeInAnotherWay(code) {
    const wasGiven = this.#guest.name !== "";
    this.#isNameAsked = code === "no_name" || (wasGiven && ["bad_name", "name_taken"].includes(code));
    if (code === "name_taken" && this.#place.token && !wasGiven) {
      // Nobody here can choose another: it may be free later.
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#comeIn(), TAKEN_MS);
    }
    if (code === "name_fixed" && wasGiven) {
      // Who was a guest has logged in since: the session, or the token, says who it is.
      this.#comeInAs("");
    }
  }

  /** What the menu of a message offers. @param {import("../client/room.js").Said} said */
  #itemsOf(said) {
    const { self } = this.#client;
    if (said.deleted || !this.#isKnown) {
      return [];
    }
    const texts = () => this.#open(({ textsPanel }, host) => textsPanel(host, said.number));
    const earlier = self.moderator && said.edited ? [{ label: this.#words.say("earlierTexts"), act: texts }] : [];
    if (said.name !== self.name) {
      return earlier;
    }
    const edit = { label: this.#words.say("edit"), act: () => this.#composer.edit(said) };
    const remove = { label: this.#words.say("delete"), isDanger: true, act: () => this.#confirm(said) };
    return [...(isEditable(said, self) ? [edit] : []), ...earlier, remove];
  }

  /** Delete a message once it is clear that it is meant. @param {import("../client/room.js").Said} said */
  #confirm(said) {
    const end = () => {
      this.#question.replaceChildren();
      this.#log.focus(said.number);
    };
    const sure = button("", this.#words.say("delete"), () => {
      end();
      this.#client.remove(this.#place.room, said.number).catch(({ code, message }) => {
        setText(this.#problem, this.#words.refusal("delete", code, message));
      });
    });
    const keep = button("quiet", this.#words.say("cancel"), end);
    const text = said.text.replace(/\s+/g, " ").slice(0, LONGEST);
    this.#question.replaceChildren(made("p", "", this.#words.say("deleteIt", text)), sure, keep);
    sure.focus();
  }

  /** Show a panel in front of the messages, in the place of another.
   * @param {(panels: typeof import("./panels.js"), host: import("./panels.js").Host) => HTMLElement[]} make
   */
  async #open(make) {
    const [words, client, { room }] = [this.#words, this.#client, this.#place];
    const [seek, close] = [(/** @type {number} */ number) => this.#log.seek(number), () => this.#closePanel()];
    setText(this.#problem, "");
    try {
      const [panel, first] = make(await import("./panels.js"), { words, client, room, seek, close });
      this.#show(panel ?? null);
      first?.focus();
    } catch {
      setText(this.#problem, words.say("notLoaded"));
    }
  }

  #closePanel() {
    this.#show(null);
    this.#search.focus();
  }

  /** @param {HTMLElement | null} panel */
  #show(panel) {
    this.#panel?.remove();
    this.#panel = panel;
    // What is behind it is out of reach for the keyboard, too.
    [...this.#middle.children].forEach((each) => each.toggleAttribute("inert", panel !== null));
    panel && this.#middle.append(panel);
  }

  #togglePeople() {
    this.#people.hidden = !this.#people.hidden;
    this.#count.setAttribute("aria-expanded", String(!this.#people.hidden));
  }

  #showStatus() {
    const status = statusFor(this.#client.status, this.#client.phase);
    const until = bannedUntil(status);
    const wait = status.state === "offline" ? this.#words.say("offline", status.seconds) : "";
    const offline = until ? this.#words.say("banned", this.#words.moment(until)) : wait;
    setText(this.#status, status.state === "connecting" ? this.#words.say("connecting") : offline);
    // A screen reader says that it is offline, not each second of the wait.
    this.#status.setAttribute("aria-live", offline ? "off" : "polite");
  }

  /** Bring the box up to date soon, once for all that has changed. */
  #changed() {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setTimeout(() => this.#refresh());
    }
  }

  #refresh() {
    this.#isScheduled = false;
    const client = this.#client;
    this.#room = this.#roomNow();
    const room = this.#room;
    const isNameless = client.phase === "nameless";
    const isPutOut = room?.place === "put out";
    this.#door.hidden = !isNameless || (this.#place.token !== null && !this.#isNameAsked);
    this.#composer.hidden = !this.#isKnown || isPutOut || this.#isRefused;
    this.#outside.hidden = !isPutOut || isNameless;
    this.#count.hidden = !room || room.last === null;
    room && this.#showRoom(room);
  }

  /** A room that is refused is shown as it was, also while it is asked for again. */
  #roomNow() {
    const known = this.#client.rooms.get(this.#place.room);
    return this.#isRefused && known?.place !== "inside" ? this.#room : (known ?? this.#room);
  }

  /** @param {Room} room */
  #showRoom(room) {
    this.#log.show(room);
    this.#search.hidden = !this.#isKnown || room.place !== "inside";
    setText(this.#topic, room.topic);
    setText(this.#count, this.#words.say("people", room.count));
    this.#peopleList.show([...room.members].sort().map((id) => ({ id })));
  }
}

/** @param {{id: string}} name */
function person({ id }) {
  return made("li", "", made("bdi", "", id));
}
