// @ts-check
/** Sends the forms of actions without leaving the page, and asks first where it matters. */

import { element, setText } from "../dom.js";

const FAILED = "There was no answer: whether it was done is not known.";

export class Actions {
  #notice = element("notice", HTMLElement);
  #dialog = element("question", HTMLDialogElement);
  #done;

  /** @param {() => void} done  called after each action */
  constructor(done) {
    this.#done = done;
    document.addEventListener("submit", (event) => {
      const form = event.target;
      if (form instanceof HTMLFormElement && form.dataset["name"]) {
        event.preventDefault();
        this.#begin(form, new FormData(form, event.submitter));
      }
    });
  }

  /** @param {HTMLFormElement} form @param {FormData} fields */
  async #begin(form, fields) {
    if ("confirm" in form.dataset) {
      if (!(await this.#isMeant(form, fields))) {
        return;
      }
      fields.set("confirmed", "yes");
    }
    const { ok, text } = await sent(form.getAttribute("action") ?? "", fields);
    this.#notice.hidden = false;
    this.#notice.dataset["ok"] = ok ? "yes" : "no";
    setText(this.#notice, text);
    if (ok) {
      form.reset();
    }
    this.#done();
  }

  /** @param {HTMLFormElement} form @param {FormData} fields @returns {Promise<boolean>} */
  #isMeant(form, fields) {
    const name = form.dataset["name"] ?? "";
    const words = given(fields);
    setText(element("question-title", HTMLElement), `Really ${name}?`);
    setText(element("question-summary", HTMLElement), form.dataset["summary"] ?? "");
    setText(element("question-words", HTMLElement), words);
    element("question-words", HTMLElement).hidden = !words;
    setText(element("question-yes", HTMLElement), name.slice(0, 1).toUpperCase() + name.slice(1));
    this.#dialog.returnValue = "no";
    this.#dialog.showModal();
    return new Promise((resolve) => {
      this.#dialog.onclose = () => resolve(this.#dialog.returnValue === "yes");
    });
  }
}

/** What is given for the arguments, for a person. @param {FormData} fields */
function given(fields) {
  const words = fields.get("words");
  const typed = [...fields].filter(([name]) => name !== "proof").map(last);
  const texts = typeof words === "string" ? JSON.parse(words) : typed;
  return texts.filter(Boolean).join(" · ");
}

/** @param {[string, FormDataEntryValue]} field */
function last([, value]) {
  return String(value);
}

/** @param {string} address @param {FormData} fields @returns {Promise<{ok: boolean, text: string}>} */
async function sent(address, fields) {
  const pairs = [...fields].map(([name, value]) => [name, String(value)]);
  try {
    const headers = { Accept: "application/json" };
    const answer = await fetch(address, { method: "POST", headers, body: new URLSearchParams(pairs) });
    return answer.ok ? await answer.json() : { ok: false, text: await answer.text() };
  } catch {
    return { ok: false, text: FAILED };
  }
}
