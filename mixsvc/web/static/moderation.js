// @ts-check
/** What moderators do, each asked again before it is done. */

import { button, element, made, on_submit } from "./dom.js";

/**
 * @typedef {import("./exchange.js").Message} Message
 * @typedef {import("./room.js").Said} Said
 * @typedef {{kind: string, name: string, address: string, by: string, until: string, reason: string}} Sanction
 */

export class Moderation {
  #deletion = element("deletion", HTMLDialogElement);
  #quoted = element("deletion-text", HTMLElement);
  #sanction = element("sanction", HTMLDialogElement);
  #form = element("sanction-form", HTMLFormElement);
  #name = element("sanction-name", HTMLElement);
  #seconds = element("sanction-seconds", HTMLSelectElement);
  #reason = element("sanction-reason", HTMLInputElement);
  #do = element("sanction-do", HTMLButtonElement);
  #sanctions = element("sanctions", HTMLDialogElement);
  #list = element("sanctions-list", HTMLElement);
  #room = "";
  #number = 0;
  #ask;

  /** @param {(message: Message) => void} ask */
  constructor(ask) {
    this.#ask = ask;
    for (const close of document.querySelectorAll("dialog [data-close]")) {
      close.addEventListener("click", () => close.closest("dialog")?.close());
    }
    on_submit(element("deletion-form", HTMLFormElement), () => this.#delete());
    on_submit(this.#form, () => this.#impose());
    this.#form.onchange = () => this.#adapt();
    element("sanctions-open", HTMLButtonElement).onclick = () => ask({ type: "sanctions" });
  }

  /** @param {string} room @param {Said} said */
  confirm_deletion(room, said) {
    this.#room = room;
    this.#number = said.number;
    this.#quoted.textContent = `${said.name}: ${said.text}`;
    this.#deletion.showModal();
  }

  /** @param {string} room @param {string} name */
  confirm_sanction(room, name) {
    this.#room = room;
    this.#form.reset();
    this.#name.textContent = name;
    this.#adapt();
    this.#sanction.showModal();
  }

  /** Show the mutes and bans in force. @param {Sanction[]} sanctions */
  show(sanctions) {
    const none = made("li", "sanction-item", "Nobody is muted or banned.");
    this.#list.replaceChildren(...(sanctions.length ? sanctions.map((each) => this.#sanction_line(each)) : [none]));
    if (!this.#sanctions.open) {
      this.#sanctions.showModal();
    }
  }

  /** A request of a moderator is through. @param {string} of  its type */
  done(of) {
    if (this.#sanctions.open && of.startsWith("un")) {
      this.#ask({ type: "sanctions" });
    }
  }

  #delete() {
    this.#deletion.close();
    this.#ask({ type: "delete", room: this.#room, number: this.#number });
  }

  #impose() {
    const name = this.#name.textContent ?? "";
    const reason = this.#reason.value.trim() || undefined;
    const seconds = Number(this.#seconds.value);
    const type = this.#what();
    this.#sanction.close();
    this.#ask({
      type,
      name,
      ...(type === "kick" && { room: this.#room, reason }),
      ...((type === "mute" || type === "ban") && { seconds, reason }),
    });
  }

  #what() {
    return String(new FormData(this.#form).get("what"));
  }

  /** The form asks for what the choice needs. */
  #adapt() {
    const what = this.#what();
    element("sanction-time", HTMLElement).hidden = what !== "mute" && what !== "ban";
    element("sanction-why", HTMLElement).hidden = what === "unmute";
    this.#do.textContent = what.charAt(0).toUpperCase() + what.slice(1);
  }

  /** @param {Sanction} sanction */
  #sanction_line({ kind, name, address, by, until, reason }) {
    const target = name ? { name } : { address };
    const lift = button("quiet small", "Lift", () => this.#ask({ type: `un${kind}`, ...target }));
    lift.setAttribute("aria-label", `Lift the ${kind} of ${name || address}`);
    const why = ` ${kind}, by ${by}, until ${new Date(until).toLocaleString()}${reason ? `: ${reason}` : ""} `;
    return made("li", "sanction-item", made("span", "", made("b", "", made("bdi", "", name || address)), why), lift);
  }
}
