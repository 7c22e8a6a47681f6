// @ts-check
/** Coming in: the choice of a name, the login of a moderator, and who one is then. */

import { element, on_submit, set_text } from "../dom.js";

/**
 * @typedef {import("../client/greeting.js").Self} Self
 *
 * @typedef {object} Visitor  what the person at the door does
 * @property {(name: string) => void} enter
 * @property {() => void} rename
 * @property {(name: string, password: string) => Promise<string>} log_in  what is wrong, or ""
 * @property {() => void} log_out
 */

export class Door {
  #form = element("name-form", HTMLFormElement);
  #name = element("name", HTMLInputElement);
  #error = element("name-error", HTMLElement);
  #suggestion = element("name-suggestion", HTMLButtonElement);
  #me = element("me", HTMLElement);
  #my_name = element("me-name", HTMLElement);
  #role = element("me-role", HTMLElement);
  #sanctions = element("sanctions-open", HTMLButtonElement);
  #log_out = element("log-out", HTMLButtonElement);
  #login = element("login", HTMLDialogElement);
  #login_error = element("login-error", HTMLElement);
  #password = element("login-password", HTMLInputElement);

  /** @param {Visitor} visitor */
  constructor(visitor) {
    // Hidden until somebody can handle it.
    this.#form.hidden = false;
    on_submit(this.#form, () => this.#enter(visitor, this.#name.value));
    this.#suggestion.onclick = () => this.#enter(visitor, this.#suggestion.value);
    element("rename", HTMLButtonElement).onclick = () => visitor.rename();
    this.#log_out.onclick = () => visitor.log_out();
    element("login-open", HTMLButtonElement).onclick = () => this.#login.showModal();
    on_submit(element("login-form", HTMLFormElement), () => this.#log_in(visitor));
    this.#login.onclose = () => this.#forget();
  }

  /** @param {boolean} is_inside @param {Self} self */
  show(is_inside, self) {
    if (is_inside !== this.#form.hidden && !is_inside) {
      this.#form.hidden = false;
      this.#name.focus();
    }
    this.#form.hidden = is_inside;
    this.#me.hidden = !is_inside;
    set_text(this.#my_name, self.name);
    this.#role.hidden = !self.moderator;
    this.#sanctions.hidden = !self.moderator;
    this.#log_out.hidden = !self.moderator;
    if (is_inside) {
      this.#error.textContent = "";
      this.#suggestion.hidden = true;
    }
  }

  /** @param {string} text @param {string} suggestion */
  refused(text, suggestion) {
    this.#error.textContent = text;
    this.#suggestion.hidden = !suggestion;
    this.#suggestion.value = suggestion;
    this.#suggestion.textContent = `Enter as ${suggestion}`;
    this.#name.select();
  }

  /** @param {Visitor} visitor @param {string} name */
  #enter(visitor, name) {
    this.#error.textContent = "";
    this.#suggestion.hidden = true;
    this.#name.value = name;
    visitor.enter(name);
  }

  /** @param {Visitor} visitor */
  async #log_in(visitor) {
    this.#login_error.textContent = "";
    const wrong = await visitor.log_in(element("login-name", HTMLInputElement).value, this.#password.value);
    if (wrong) {
      this.#login_error.textContent = wrong;
      this.#password.select();
    } else {
      this.#login.close();
    }
  }

  #forget() {
    this.#password.value = "";
    this.#login_error.textContent = "";
  }
}
