// @ts-check
/** The chat as one sees it. What others wrote goes into the page as text, never as markup. */

/**
 * @typedef {import("./chat.js").Said} Said
 * @typedef {import("./chat.js").Unsent} Unsent
 * @typedef {import("./chat.js").Phase} Phase
 * @typedef {import("./connection.js").Status} Status
 *
 * @typedef {object} Person  what the person at the page does
 * @property {(name: string) => void} enter
 * @property {() => void} rename  they want to enter under another name
 * @property {(text: string) => boolean} say  false where the line was not taken
 */

const MOST_LINES = 500;
const MOST_MEMBERS = 200;
/** So near to the end, in pixels, a reader follows what comes. */
const NEAR_END = 80;

export class ChatView {
  #status = element("chat-status", HTMLElement);
  #name_form = element("name-form", HTMLFormElement);
  #name = element("name", HTMLInputElement);
  #name_error = element("name-error", HTMLElement);
  #suggestion = element("name-suggestion", HTMLButtonElement);
  #room = element("room", HTMLElement);
  #members = element("members", HTMLElement);
  #rename = element("rename", HTMLButtonElement);
  #people_count = element("people-count", HTMLElement);
  #frame = element("log-frame", HTMLElement);
  #log = element("log", HTMLElement);
  #unsent = element("unsent", HTMLElement);
  #newest = element("newest", HTMLButtonElement);
  #say_form = element("say-form", HTMLFormElement);
  #say = element("say", HTMLInputElement);
  #say_error = element("say-error", HTMLElement);
  #own_name = "";

  /** @param {Person} person */
  constructor(person) {
    // Hidden until somebody can handle it.
    this.#name_form.hidden = false;
    on_submit(this.#name_form, () => this.#enter(person, this.#name.value));
    this.#suggestion.onclick = () => this.#enter(person, this.#suggestion.value);
    this.#rename.onclick = () => person.rename();
    on_submit(this.#say_form, () => this.#say_line(person));
    this.#newest.onclick = () => this.#follow();
    this.#frame.onscroll = () => this.#at_end() && (this.#newest.hidden = true);
  }

  /** @param {Status} status */
  status(status) {
    this.#status.dataset["state"] = status.state;
    const text = status_text(status);
    if (this.#status.textContent !== text) {
      this.#status.textContent = text;
    }
    // A screen reader says that it is offline, not each second of the wait.
    this.#status.setAttribute("aria-live", status.state === "offline" ? "off" : "polite");
  }

  /** @param {Phase} phase @param {string} name */
  phase(phase, name) {
    const was_hidden = this.#room.hidden;
    this.#own_name = name;
    this.#room.dataset["phase"] = phase;
    if (phase === "inside") {
      this.#name_error.textContent = "";
      this.#suggestion.hidden = true;
      this.#show_room(true);
    } else if (phase === "nameless") {
      this.#show_room(false);
    }
    if (was_hidden !== this.#room.hidden) {
      (this.#room.hidden ? this.#name : this.#say).focus();
    }
  }

  /** @param {Said[]} said */
  said(said) {
    this.#append(said.slice(-MOST_LINES).map((message) => this.#said_line(message)));
  }

  /** @param {Unsent[]} unsent */
  unsent(unsent) {
    const follows = this.#at_end();
    this.#unsent.replaceChildren(
      ...unsent.map(({ text }) => this.#line(this.#own_name, made("span", "time", "not sent yet"), text)),
    );
    follows && this.#follow();
  }

  /** @param {string[]} names */
  members(names) {
    const more = names.length - MOST_MEMBERS;
    const lines = names.slice(0, MOST_MEMBERS).map((name) => this.#member(name));
    this.#members.replaceChildren(...lines, ...(more > 0 ? [made("li", "more", `and ${more} more`)] : []));
    this.#people_count.textContent = String(names.length);
  }

  /** @param {string} text */
  notice(text) {
    this.#append([made("li", "notice", text)]);
  }

  /** @param {string} text @param {string} suggestion */
  name_refused(text, suggestion) {
    this.#name_error.textContent = text;
    this.#suggestion.hidden = !suggestion;
    this.#suggestion.value = suggestion;
    this.#suggestion.textContent = `Enter as ${suggestion}`;
    this.#name.select();
  }

  /** @param {string} text @param {string} line */
  line_refused(text, line) {
    this.#say_error.textContent = text;
    this.#say.value ||= line;
  }

  /** @param {Person} person @param {string} name */
  #enter(person, name) {
    this.#name_error.textContent = "";
    this.#suggestion.hidden = true;
    this.#name.value = name;
    person.enter(name);
  }

  /** @param {Person} person */
  #say_line(person) {
    this.#say_error.textContent = "";
    if (this.#say.value.trim() && person.say(this.#say.value)) {
      this.#say.value = "";
      this.#follow();
    }
  }

  /** @param {boolean} shown */
  #show_room(shown) {
    this.#room.hidden = !shown;
    this.#name_form.hidden = shown;
  }

  /** Put lines at the end, let the oldest go, and follow for a reader who is at the end.
   * @param {HTMLElement[]} lines
   */
  #append(lines) {
    const follows = this.#at_end();
    this.#log.append(...lines);
    while (this.#log.childElementCount > MOST_LINES) {
      this.#log.firstElementChild?.remove();
    }
    follows ? this.#follow() : (this.#newest.hidden = false);
  }

  #at_end() {
    const { scrollTop, scrollHeight, clientHeight } = this.#frame;
    return scrollHeight - scrollTop - clientHeight < NEAR_END;
  }

  #follow() {
    this.#frame.scrollTop = this.#frame.scrollHeight;
    this.#newest.hidden = true;
  }

  /** @param {Said} message */
  #said_line({ number, name, text, time }) {
    const line = this.#line(name, clock_time(time), text);
    line.dataset["number"] = String(number);
    return line;
  }

  /** @param {string} name @param {HTMLElement} time @param {string} text */
  #line(name, time, text) {
    const who = made("b", "who", name);
    who.style.setProperty("--hue", String(hue(name)));
    const classes = name === this.#own_name ? "line own" : "line";
    return made("li", classes, made("p", "line-head", who, " ", time), made("p", "text", text));
  }

  /** @param {string} name */
  #member(name) {
    const member = made("li", "member", made("span", "dot"), made("span", "member-name", name));
    member.style.setProperty("--hue", String(hue(name)));
    if (name === this.#own_name) {
      member.append(made("span", "you", "you"));
    }
    return member;
  }
}

/**
 * The page's element with this id; TypeError where the template has none.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function element(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) {
    throw new TypeError(`the page has no ${type.name} #${id}`);
  }
  return found;
}

/** @param {string} tag @param {string} classes @param {...(Node | string)} children */
function made(tag, classes, ...children) {
  const result = document.createElement(tag);
  result.className = classes;
  // append() makes text nodes of strings.
  result.append(...children);
  return result;
}

/** @param {HTMLFormElement} form @param {() => void} call */
function on_submit(form, call) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    call();
  });
}

/** @param {Status} status */
function status_text(status) {
  if (status.state === "online") {
    return `online over ${status.transport}`;
  }
  return status.state === "offline" ? `offline, next try in ${status.seconds} s` : "connecting";
}

const HOURS = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAYS = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** @param {string} time  ISO 8601, UTC */
function clock_time(time) {
  const when = new Date(time);
  const result = made("time", "time");
  if (!Number.isNaN(when.getTime())) {
    const today = when.toDateString() === new Date().toDateString();
    result.textContent = (today ? HOURS : DAYS).format(when);
    result.setAttribute("datetime", time);
    result.title = when.toLocaleString();
  }
  return result;
}

/** A colour for a name, the same on each page. @param {string} name */
function hue(name) {
  return [...name].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 360, 0);
}
