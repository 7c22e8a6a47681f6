// @ts-check
/** One chat box: what is shown of one room, and what the person does there. */

import { ChatClient } from "../client/client.js";
import { bannedUntil } from "../client/connection.js";
import { button, KeyedList, made, onSubmit, setText } from "../dom.js";
import { followGuests, guestOf, rememberGuest } from "./guest.js";
import { LogView } from "./log.js";

/**
 * @typedef {import("../client/client.js").Identify} Identify
 * @typedef {import("../client/client.js").Status} Status
 * @typedef {import("../client/room.js").Room} Room
 * @typedef {import("./texts.js").Words} Words
 * @typedef {{url: string, room: string, token: Identify | null}} Place
 */

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
  #people = made("div", "people");
  #members = made("ul", "");
  #peopleList;
  #door;
  #name = made("input", "");
  #suggestion;
  #composer;
  #text = made("textarea", "");
  #outside = made("div", "outside");
  #outsideText = made("p", "");
  #isRefused = false;
  /** Whether the chat has let us in, and has not taken it back. */
  #isKnown = false;
  /** Whether the person has just given a name. */
  #isEntering = false;
  #unfollow = () => {};
  #isScheduled = false;
  /** @type {Room | undefined} */
  #room;

  /** @param {Words} words @param {Place} place */
  constructor(words, place) {
    this.#words = words;
    this.#place = place;
    this.#client = new ChatClient({ url: place.url, token: place.token });
    this.#log = new LogView(words, this.#client);
    this.#count = button("quiet", "", () => this.#togglePeople());
    this.#suggestion = button("quiet", "", () => this.#enter(this.#suggestion.value));
    this.#peopleList = new KeyedList(this.#members, person);
    this.#door = this.#madeDoor();
    this.#composer = this.#madeComposer();
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
    this.#refresh();
  }

  /** End the connection. */
  close() {
    this.#unfollow();
    this.#client.close();
  }

  #comeIn() {
    const guest = guestOf(this.#place.url);
    this.#place.token ? this.#client.enter() : this.#client.enter(guest.name, guest.secret);
    this.#client.join(this.#place.room);
  }

  #follow() {
    const client = this.#client;
    client.on("change", () => this.#changed());
    client.on("phase", () => this.#changed());
    client.on("status", (status) => this.#showStatus(status));
    client.on("welcome", () => {
      this.#isKnown = true;
      this.#refresh();
      this.#isEntering && this.#text.focus();
      this.#isEntering = false;
      setText(this.#problem, "");
    });
    client.on("nameRefused", (refused) => this.#onNameRefused(refused));
    client.on("tokenFailed", () => setText(this.#problem, this.#words.say("noToken")));
    client.on("notice", (text) => setText(this.#problem, text));
    client.on("roomRefused", ({ text, code }) => {
      this.#isRefused = true;
      setText(this.#problem, this.#words.refusal(code, text));
    });
    client.on("lineRefused", ({ text, line }) => this.#takeBack(line, text));
  }

  #madeBox() {
    const words = this.#words;
    setText(this.#title, this.#place.room);
    this.#topic.dir = "auto";
    this.#status.setAttribute("role", "status");
    this.#problem.setAttribute("role", "alert");
    this.#count.setAttribute("aria-expanded", "false");
    this.#people.hidden = true;
    this.#people.append(made("h3", "", words.say("peopleTitle")), this.#members);
    this.#people.tabIndex = 0;
    this.#people.setAttribute("role", "region");
    this.#people.setAttribute("aria-label", words.say("peopleTitle"));
    const again = button("", words.say("joinAgain"), () => this.#client.join(this.#place.room));
    this.#outside.append(this.#outsideText, again);
    const header = made("header", "", this.#title, this.#topic, this.#count);
    const middle = made("div", "middle", ...this.#log.parts, this.#people);
    const rest = [this.#status, this.#problem, this.#outside, this.#door, this.#composer];
    const box = made("section", "box", header, middle, ...rest);
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

  #madeComposer() {
    const words = this.#words;
    this.#text.id = "text";
    this.#text.rows = 1;
    this.#text.placeholder = words.say("placeholder");
    this.#text.onkeydown = (event) => this.#onKey(event);
    const label = made("label", "unseen", words.say("message"));
    label.htmlFor = "text";
    const form = made("form", "", label, this.#text, made("button", "", words.say("send")));
    form.part.add("composer");
    onSubmit(form, () => this.#say());
    return form;
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    // An input method has Enter for itself.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      this.#say();
    }
  }

  #say() {
    const text = this.#text.value;
    if (!text.trim()) {
      return;
    }
    const wrong = this.#client.refusal(text);
    setText(this.#problem, wrong);
    if (!wrong) {
      this.#text.value = "";
      this.#client.say(this.#place.room, text);
    }
  }

  /** @param {import("../client/client.js").Line} line @param {string} why */
  #takeBack(line, why) {
    setText(this.#problem, why);
    if (!this.#text.value) {
      this.#text.value = line.text;
      this.#client.discard(line);
    }
  }

  /** @param {string} name */
  #enter(name) {
    this.#suggestion.hidden = true;
    setText(this.#problem, "");
    rememberGuest(this.#place.url, name);
    this.#isEntering = true;
  }

  /** @param {{code: string, text: string, suggestion: string}} refused */
  #onNameRefused({ code, text, suggestion }) {
    this.#isKnown = false;
    const said = {
      no_name: "",
      no_token: this.#words.say("notLoggedIn"),
      logged_out: this.#words.say("loggedOut"),
    };
    const own = Object.hasOwn(said, code) ? said[/** @type {keyof said} */ (code)] : null;
    setText(this.#problem, own ?? this.#words.refusal(code, text));
    this.#suggestion.hidden = !suggestion;
    this.#suggestion.value = suggestion;
    setText(this.#suggestion, this.#words.say("useName", suggestion));
    // The session that was ours is nobody's now: the next connection has another.
    code === "logged_out" && this.#client.reconnect();
    this.#changed();
  }

  #togglePeople() {
    this.#people.hidden = !this.#people.hidden;
    this.#count.setAttribute("aria-expanded", String(!this.#people.hidden));
  }

  /** @param {Status} status */
  #showStatus(status) {
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
    // A room that is refused is shown as it was.
    this.#room = client.rooms.get(this.#place.room) ?? this.#room;
    const room = this.#room;
    const isNameless = client.phase === "nameless";
    const isPutOut = room?.place === "put out";
    this.#door.hidden = !isNameless || this.#place.token !== null;
    this.#composer.hidden = !this.#isKnown || isPutOut || this.#isRefused;
    this.#outside.hidden = !isPutOut || isNameless;
    this.#count.hidden = !room || room.last === null;
    room && this.#showRoom(room);
  }

  /** @param {Room} room */
  #showRoom(room) {
    this.#log.show(room);
    setText(this.#topic, room.topic);
    setText(this.#count, this.#words.say("people", room.count));
    this.#peopleList.show([...room.members].sort().map((id) => ({ id })));
    setText(this.#outsideText, room.notices.at(-1)?.text ?? "");
  }
}

/** @param {{id: string}} name */
function person({ id }) {
  return made("li", "", made("bdi", "", id));
}
