// @ts-check
/** What moderators do, each asked again before it is done. */

import { button, element, made, onSubmit } from "../dom.js";

/**
 * @typedef {import("../client/exchange.js").Message} Message
 * @typedef {import("../client/room.js").Room} Room
 * @typedef {import("../client/room.js").Said} Said
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
  /** Deletes the message that is asked about, where it is still the one of its number; whether that is asked. */
  #deleted = () => false;
  #ask;

  /** @param {(message: Message) => boolean} ask  whether it is asked: not while nobody can be */
  constructor(ask) {
    this.#ask = ask;
    for (const close of document.querySelectorAll("dialog [data-close]")) {
      close.addEventListener("click", () => close.closest("dialog")?.close());
    }
    onSubmit(element("deletion-form", HTMLFormElement), () => this.#delete());
    onSubmit(this.#form, () => this.#impose());
    this.#form.onchange = () => this.#adapt();
    element("sanctions-open", HTMLButtonElement).onclick = () => this.#request(this.#sanctions, { type: "sanctions" });
  }

  /** @param {Room | undefined} room @param {Said} said */
  confirmDeletion(room, said) {
    if (!room) {
      return;
    }
    const history = room.histories;
    this.#deleted = () => {
      if (room.histories !== history) {
        refusal(this.#deletion).textContent = "Not done: the room has another history now, without this message.";
        return false;
      }
      // Before the room is joined again it may have another history that has not come yet.
      const message = { type: "delete", room: room.name, number: said.number };
      return this.#request(this.#deletion, message, room.place === "inside");
    };
    this.#quoted.textContent = `${said.name}: ${said.text}`;
    openAnew(this.#deletion);
  }

  /** @param {string} room @param {string} name */
  confirmSanction(room, name) {
    this.#room = room;
    this.#form.reset();
    this.#name.textContent = name;
    this.#adapt();
    openAnew(this.#sanction);
  }

  /** Show the mutes and bans in force. @param {Sanction[]} sanctions */
  show(sanctions) {
    const none = made("li", "sanction-item", "Nobody is muted or banned.");
    this.#list.replaceChildren(...(sanctions.length ? sanctions.map((each) => this.#sanctionLine(each)) : [none]));
    openAnew(this.#sanctions);
  }

  /** A request of a moderator is through. @param {string} of  its type */
  done(of) {
    if (this.#sanctions.open && of.startsWith("un")) {
      this.#ask({ type: "sanctions" });
    }
  }

  #delete() {
    this.#deleted() && this.#deletion.close();
  }

  /** Ask, or say in the dialog that it cannot be done now; whether it was asked.
   * @param {HTMLDialogElement} dialog @param {Message} message @param {boolean} [isPossible]
   */
  #request(dialog, message, isPossible = true) {
    const isAsked = isPossible && this.#ask(message);
    if (!isAsked) {
      openAnew(dialog);
      refusal(dialog).textContent = "Not done: there is no connection now. Try again when you are online.";
    }
    return isAsked;
  }

  #impose() {
    const name = this.#name.textContent ?? "";
    const reason = this.#reason.value.trim() || undefined;
    const seconds = Number(this.#seconds.value);
    const type = this.#what();
    const message = {
      type,
      name,
      ...(type === "kick" && { room: this.#room, reason }),
      ...((type === "mute" || type === "ban") && { seconds, reason }),
    };
    this.#request(this.#sanction, message) && this.#sanction.close();
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
  #sanctionLine({ kind, name, address, by, until, reason }) {
    const target = name ? { name } : { address };
    const lift = button("quiet small", "Lift", () => this.#request(this.#sanctions, { type: `un${kind}`, ...target }));
    lift.setAttribute("aria-label", `Lift the ${kind} of ${name || address}`);
    const why = ` ${kind}, by ${by}, until ${new Date(until).toLocaleString()}${reason ? `: ${reason}` : ""} `;
    return made("li", "sanction-item", made("span", "", made("b", "", made("bdi", "", name || address)), why), lift);
  }
}

/** Show a dialog, with nothing refused in it yet. @param {HTMLDialogElement} dialog */
function openAnew(dialog) {
  refusal(dialog).textContent = "";
  dialog.open || dialog.showModal();
}

/** Where a dialog says what cannot be done. @param {HTMLDialogElement} dialog */
function refusal(dialog) {
  return /** @type {HTMLElement} */ (dialog.querySelector(".refused"));
}
