// @ts-check
/** What moderators do, each asked again before it is done. */

import { button, element, made, onSubmit, setText } from "../../dom.js";
import { because } from "../sentences.js";
import { moment } from "../times.js";
import { AuditView } from "./audit_view.js";

/**
 * @typedef {import("../../client/exchange.js").Message} Message
 * @typedef {import("../../client/room.js").Room} Room
 * @typedef {import("../../client/room.js").Said} Said
 * @typedef {import("../parts/menu.js").Item} Item
 * @typedef {"mute" | "kick" | "ban"} Measure
 * @typedef {{kind: string, name: string, address: string, by: string, until: string, reason: string}} Sanction
 */

/** What each measure is called, on its button, and what it means for the person. @type {Record<Measure, string[]>} */
const MEASURES = {
  mute: ["Mute", "They can read on, and say nothing until then."],
  kick: ["Remove", "They are out of this room, and may join it again."],
  ban: ["Ban", "They are sent away from the whole chat until then."],
};
/** Requests that are answered in the dialog of that name. */
const DIALOGS = ["sanctions", "audit"];

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
  /** @type {Measure} */
  #measure = "mute";
  /** Whether the person wants to see the list: the page asks for it, too. */
  #isWanted = false;
  /** Deletes the message that is asked about, where it is still the one of its number; whether that is asked. */
  #deleted = () => false;
  #audit;
  #ask;
  #isMuted;

  /**
   * @param {(message: Message) => boolean} ask  whether it is asked: not while nobody can be
   * @param {(name: string) => boolean} isMuted
   */
  constructor(ask, isMuted) {
    this.#ask = ask;
    this.#isMuted = isMuted;
    this.#audit = new AuditView((dialog, message) => this.#request(dialog, message));
    for (const close of document.querySelectorAll("dialog [data-close]")) {
      close.addEventListener("click", () => close.closest("dialog")?.close());
    }
    onSubmit(element("deletion-form", HTMLFormElement), () => this.#delete());
    onSubmit(this.#form, () => this.#impose());
  }

  /** What a moderator's menu offers. @returns {Item[]} */
  items() {
    return [
      { label: "Mutes and bans", act: () => this.#openSanctions() },
      { label: "What moderators did", act: () => this.#audit.begin() },
    ];
  }

  /** What may be done about somebody in a room. @param {string} room @param {string} name @returns {Item[]} */
  itemsFor(room, name) {
    const confirm = (/** @type {Measure} */ measure) => () => this.#confirm(measure, room, name);
    return [
      this.#isMuted(name)
        ? { label: "Unmute", act: () => this.#ask({ type: "unmute", name }) }
        : { label: "Mute …", act: confirm("mute") },
      { label: "Remove from this room …", act: confirm("kick") },
      { label: "Ban …", act: confirm("ban"), isDanger: true },
    ];
  }

  /** One may moderate now: whom the list of mutes names can be unmuted. */
  begin() {
    document.querySelectorAll("dialog[open] .refused").forEach((each) => (each.textContent = ""));
    this.#ask({ type: "sanctions" });
  }

  /** Show in a dialog what the server answers. @param {Message} message @returns {boolean} whether it belongs there */
  take(message) {
    const answer = Object.hasOwn(this.#answers, message.type) ? this.#answers[message.type] : undefined;
    return answer?.(message) ?? false;
  }

  /** @type {Record<string, (message: Message) => boolean>} */
  #answers = {
    sanctions: ({ sanctions }) => this.#show(sanctions),
    audit: ({ entries }) => this.#audit.show(entries),
    done: ({ of }) => this.#done(of),
    error: ({ of, text }) => this.#refused(of, text),
  };

  /** @param {string} of @param {string} text */
  #refused(of, text) {
    if (of === "sanctions" && !this.#isWanted && !this.#sanctions.open) {
      // Only the page asked.
      return true;
    }
    const dialog = DIALOGS.includes(of) ? element(of, HTMLDialogElement) : null;
    if (dialog) {
      this.#isWanted = false;
      openAnew(dialog);
      refusal(dialog).textContent = text;
    }
    return dialog !== null;
  }

  #openSanctions() {
    this.#isWanted = this.#request(this.#sanctions, { type: "sanctions" });
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

  /** @param {Measure} measure @param {string} room @param {string} name */
  #confirm(measure, room, name) {
    const [verb = "", meaning = ""] = MEASURES[measure];
    this.#measure = measure;
    this.#room = room;
    this.#form.reset();
    setText(this.#name, name);
    setText(element("sanction-verb", HTMLElement), verb);
    setText(element("sanction-meaning", HTMLElement), meaning);
    setText(this.#do, verb);
    element("sanction-time", HTMLElement).hidden = measure === "kick";
    openAnew(this.#sanction);
  }

  /** The mutes and bans in force, for whoever wants to see them. @param {Sanction[]} sanctions */
  #show(sanctions) {
    if (!this.#isWanted && !this.#sanctions.open) {
      return true;
    }
    this.#isWanted = false;
    const none = made("li", "sanction-item", "Nobody is muted or banned.");
    this.#list.replaceChildren(...(sanctions.length ? sanctions.map((each) => this.#sanctionLine(each)) : [none]));
    openAnew(this.#sanctions);
    return true;
  }

  /** A request of a moderator is through. @param {string} of  its type */
  #done(of) {
    if (this.#sanctions.open && of.startsWith("un")) {
      this.#ask({ type: "sanctions" });
    }
    return true;
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
    const type = this.#measure;
    const more = type === "kick" ? { room: this.#room } : { seconds: Number(this.#seconds.value) };
    const reason = this.#reason.value.trim() || undefined;
    const message = { type, name: this.#name.textContent ?? "", ...more, reason };
    this.#request(this.#sanction, message) && this.#sanction.close();
  }

  /** @param {Sanction} sanction */
  #sanctionLine({ kind, name, address, by, until, reason }) {
    const target = name ? { name } : { address };
    const lift = button("quiet small", "Lift", () => this.#request(this.#sanctions, { type: `un${kind}`, ...target }));
    lift.setAttribute("aria-label", `Lift the ${kind} of ${name || address}`);
    const verb = kind === "mute" ? "muted" : "banned";
    const why = ` is ${verb} until ${moment(until, new Date())}, by ${by}${because(reason)} `;
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
