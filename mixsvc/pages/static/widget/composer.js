// @ts-check
/** Where one writes in a box. */

import { button, made } from "../dom.js";
import { Composer } from "../text/composer.js";
import { isEditable, namesOf } from "../text/own.js";

const KEY = "mix-chat-drafts";

/**
 * @typedef {import("../client/client.js").ChatClient} ChatClient
 * @typedef {import("./texts.js").Words} Words
 * @typedef {{url: string, room: string}} Place
 */

/**
 * @param {Words} words
 * @param {ChatClient} client
 * @param {Place} place
 * @param {HTMLElement} error  where it is said what is wrong
 * @returns {[Composer, HTMLFormElement]}
 */
export function boxComposer(words, client, place, error) {
  const parts = { ...madeParts(words), error };
  const composer = new Composer(parts, author(words, client, place.room), `${KEY} ${place.url}`);
  composer.open(place.room);
  return [composer, parts.form];
}

/** @param {Words} words */
function madeParts(words) {
  const offers = made("ul", "offers");
  offers.id = "offers";
  offers.role = "listbox";
  offers.hidden = true;
  offers.setAttribute("aria-label", words.say("suggestions"));
  const status = made("p", "unseen");
  status.role = "status";
  const text = made("textarea", "");
  text.id = "text";
  text.rows = 1;
  text.placeholder = words.say("placeholder");
  const end = button("quiet", words.say("cancel"), () => {});
  const editing = made("p", "editing", made("span", "", words.say("editing")), " ", end);
  const label = made("label", "unseen", words.say("message"));
  label.htmlFor = "text";
  const send = made("button", "", words.say("send"));
  const form = made("form", "writing", editing, label, offers, text, send, status);
  form.part.add("composer");
  return { form, text, offers, status, editing, end };
}

/**
 * @param {Words} words @param {ChatClient} client @param {string} room
 * @returns {import("../text/composer.js").Author}
 */
function author(words, client, room) {
  const here = () => client.rooms.get(room);
  return {
    say: (text) => {
      const wrong = client.refusal(text, room);
      wrong || client.say(room, text);
      const code = (here()?.place ?? "put out") === "put out" ? "not_inside" : "not_taken";
      return wrong && words.refusal("say", code, wrong, client.excess(text));
    },
    edit: ({ number }, text) =>
      client.edit(room, number, text).catch(({ code, message }) => {
        throw new Error(words.refusal("edit", code, message, client.excess(text)));
      }),
    last: () => here()?.messages.filter((said) => isEditable(said, client.self)).pop(),
    names: () => namesOf(here(), client.self.name),
    commands: [],
    count: (count) => words.say("offered", count),
    noText: words.say("noText"),
  };
}
