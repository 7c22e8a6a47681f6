// @ts-check
/** Coming in: the choice of a name, the login of a moderator, and who one is then. */

import { element, onSubmit, setText } from "../dom.js";
import { face } from "./names.js";

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
  #face = element("me-face", HTMLElement);
  #role = element("me-role", HTMLElement);
  #login = element("login", HTMLDialogElement);
  #loginError = element("login-error", HTMLElement);
  #password = element("login-password", HTMLInputElement);

  /** @param {Visitor} visitor */
  constructor(visitor) {
    // Hidden until somebody can handle it.
    this.#form.hidden = false;
    onSubmit(this.#form, () => this.#enter(visitor, this.#name.value));
    this.#suggestion.onclick = () => this.#enter(visitor, this.#suggestion.value);
    this.#name.oninput = () => this.#excuse();
    element("login-open", HTMLButtonElement).onclick = () => this.#login.showModal();
    onSubmit(element("login-form", HTMLFormElement), () => this.#logIn(visitor));
    element("login-form", HTMLFormElement).oninput = () => setText(this.#loginError, "");
    this.#login.onclose = () => this.#forget();
  }

  /** @param {boolean} isInside @param {Self} self */
  show(isInside, self) {
    if (isInside !== this.#form.hidden && !isInside) {
      this.#form.hidden = false;
      this.#name.focus();
    }
    this.#form.hidden = isInside;
    this.#me.hidden = !isInside || self.name === "";
    if (this.#myName.textContent !== self.name) {
      setText(this.#myName, self.name);
      this.#face.replaceChildren(face(self.name));
    }
    this.#role.hidden = !self.moderator;
    isInside && this.#excuse();
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
    this.#excuse();
    this.#name.value = name;
    visitor.enter(name);
  }

  /** What was wrong is wrong no more. */
  #excuse() {
    setText(this.#error, "");
    this.#suggestion.hidden = true;
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
