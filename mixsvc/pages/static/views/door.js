// @ts-check
/** Coming in: the choice of a name, the login of a moderator, and who one is then. */

import { element, onSubmit, setText } from "../dom.js";

/**
 * @typedef {import("../client/greeting.js").Self} Self
 *
 * @typedef {object} Visitor  what the person at the door does
 * @property {(name: string) => void} enter
 * @property {() => void} rename
 * @property {(name: string, password: string) => Promise<string>} logIn  what is wrong, or ""
 * @property {() => void} logOut
 */

export class Door {
  #form = element("name-form", HTMLFormElement);
  #name = element("name", HTMLInputElement);
  #error = element("name-error", HTMLElement);
  #suggestion = element("name-suggestion", HTMLButtonElement);
  #me = element("me", HTMLElement);
  #myName = element("me-name", HTMLElement);
  #role = element("me-role", HTMLElement);
  #sanctions = element("sanctions-open", HTMLButtonElement);
  #logOut = element("log-out", HTMLButtonElement);
  #login = element("login", HTMLDialogElement);
  #loginError = element("login-error", HTMLElement);
  #password = element("login-password", HTMLInputElement);

  /** @param {Visitor} visitor */
  constructor(visitor) {
    // Hidden until somebody can handle it.
    this.#form.hidden = false;
    onSubmit(this.#form, () => this.#enter(visitor, this.#name.value));
    this.#suggestion.onclick = () => this.#enter(visitor, this.#suggestion.value);
    element("rename", HTMLButtonElement).onclick = () => visitor.rename();
    this.#logOut.onclick = () => visitor.logOut();
    element("login-open", HTMLButtonElement).onclick = () => this.#login.showModal();
    onSubmit(element("login-form", HTMLFormElement), () => this.#logIn(visitor));
    this.#login.onclose = () => this.#forget();
  }

  /** @param {boolean} isInside @param {Self} self */
  show(isInside, self) {
    if (isInside !== this.#form.hidden && !isInside) {
      this.#form.hidden = false;
      this.#name.focus();
    }
    this.#form.hidden = isInside;
    this.#me.hidden = !isInside;
    setText(this.#myName, self.name);
    this.#role.hidden = !self.moderator;
    this.#sanctions.hidden = !self.moderator;
    this.#logOut.hidden = !self.moderator;
    if (isInside) {
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
  async #logIn(visitor) {
    this.#loginError.textContent = "";
    const wrong = await visitor.logIn(element("login-name", HTMLInputElement).value, this.#password.value);
    if (wrong) {
      this.#loginError.textContent = wrong;
      this.#password.select();
    } else {
      this.#login.close();
    }
  }

  #forget() {
    this.#password.value = "";
    this.#loginError.textContent = "";
  }
}
