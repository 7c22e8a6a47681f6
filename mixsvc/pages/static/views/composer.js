// @ts-check
/** The line that is being written, with the commands it may begin with. */

import { element, made, onSubmit, setText } from "../dom.js";

/** The chat's commands (docs/reference/chat-protocol.md): what to write, and what it is for. */
const COMMANDS = [
  ["/me", "waves", "say what you do"],
  ["/topic", "Plans for May", "give this room a topic"],
  ["/rate", "EUR/USD", "a rate, for all to see"],
  ["/convert", "100 EUR USD", "an amount in another currency"],
  ["/help", "", "all commands"],
];

export class Composer {
  #form = element("say-form", HTMLFormElement);
  #input = element("say", HTMLInputElement);
  #error = element("say-error", HTMLElement);
  #list = element("completions", HTMLElement);
  /** What is offered. @type {string[]} */
  #offered = [];
  #chosen = -1;

  /** @param {(text: string) => boolean} say  false where the line was not taken */
  constructor(say) {
    onSubmit(this.#form, () => {
      this.#error.textContent = "";
      if (this.#input.value.trim() && say(this.#input.value)) {
        this.#input.value = "";
      }
      this.#offer([]);
    });
    this.#input.oninput = () => this.#complete();
    this.#input.onblur = () => this.#offer([]);
    this.#input.onkeydown = (event) => this.#onKey(event);
  }

  set hidden(/** @type {boolean} */ hidden) {
    this.#form.hidden = hidden;
  }

  /** Be ready to write; on a phone that would bring up its keyboard, and nobody has asked for it. */
  focus() {
    matchMedia("(pointer: coarse)").matches || this.#input.focus();
  }

  /** Say what is wrong. @param {string} text */
  refused(text) {
    setText(this.#error, text);
  }

  /** Write a line anew; false where another one is being written. @param {string} line */
  takeBack(line) {
    const isFree = this.#input.value === "";
    this.#input.value ||= line;
    return isFree;
  }

  #complete() {
    const typed = this.#input.value.toLowerCase();
    const isCommand = typed.startsWith("/") && !typed.startsWith("//");
    this.#offer(isCommand ? COMMANDS.filter(([command = ""]) => command.startsWith(typed)) : []);
  }

  /** @param {string[][]} commands */
  #offer(commands) {
    this.#offered = commands.map(([command = ""]) => command);
    this.#list.replaceChildren(...commands.map((command, index) => this.#option(command, index)));
    this.#list.hidden = commands.length === 0;
    this.#input.setAttribute("aria-expanded", String(commands.length > 0));
    this.#choose(commands.length > 0 ? 0 : -1);
  }

  /** @param {string[]} command @param {number} index */
  #option([command = "", example = "", purpose = ""], index) {
    const more = [made("span", "example", example), " ", made("span", "purpose", purpose)];
    const option = made("li", "completion", made("b", "", command), " ", ...more);
    option.id = `completion-${index}`;
    option.setAttribute("role", "option");
    // Before the click, which would take the focus away from the line.
    option.onpointerdown = (event) => {
      event.preventDefault();
      this.#take(index);
    };
    return option;
  }

  /** @param {number} index */
  #choose(index) {
    this.#chosen = index;
    [...this.#list.children].forEach((option, each) => option.setAttribute("aria-selected", String(each === index)));
    if (index >= 0) {
      this.#input.setAttribute("aria-activedescendant", `completion-${index}`);
    } else {
      this.#input.removeAttribute("aria-activedescendant");
    }
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const count = this.#offered.length;
    if (count === 0) {
      return;
    }
    if (step) {
      this.#choose((this.#chosen + step + count) % count);
    } else if (event.key === "Escape") {
      this.#offer([]);
    } else if (event.key === "Tab" || (event.key === "Enter" && this.#offered[this.#chosen] !== this.#input.value)) {
      this.#take(this.#chosen);
    } else {
      return;
    }
    event.preventDefault();
  }

  /** @param {number} index */
  #take(index) {
    const command = this.#offered[index] ?? "";
    this.#input.value = command === "/help" ? command : `${command} `;
    this.#offer([]);
  }
}
