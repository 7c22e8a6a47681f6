// @ts-check
/** Where one writes on the page. */

import { element } from "../dom.js";
import { Composer } from "../text/composer.js";

const KEY = "mixsvc-drafts";

/** The chat's commands (docs/reference/chat-protocol.md): what to write, and what it is for. */
const COMMANDS = [
  ["/me", "waves", "say what you do"],
  ["/topic", "Plans for May", "give this room a topic"],
  ["/rate", "EUR/USD", "a rate, for all to see"],
  ["/convert", "100 EUR USD", "an amount in another currency"],
  ["/help", "", "all commands"],
];
const WORDS = {
  commands: COMMANDS,
  count: (/** @type {number} */ count) => `${count} suggestion${count === 1 ? "" : "s"}`,
  noText: "A message has a text; to take it away, delete it in its menu.",
};

/** @param {Pick<import("../text/composer.js").Author, "say" | "edit" | "last" | "names">} author */
export function pageComposer(author) {
  const parts = {
    form: element("say-form", HTMLFormElement),
    text: element("say", HTMLTextAreaElement),
    offers: element("completions", HTMLElement),
    status: element("offered", HTMLElement),
    editing: element("editing", HTMLElement),
    end: element("editing-end", HTMLButtonElement),
    error: element("say-error", HTMLElement),
  };
  return new Composer(parts, { ...author, ...WORDS }, KEY);
}
