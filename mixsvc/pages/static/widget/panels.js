// @ts-check
/** What a box shows in front of its messages, and loads when it is asked for: search, and what a message has said. */

import { button, made, onSubmit, setText } from "../dom.js";
import { Asking, has, pageAround } from "../search/asking.js";
import { markedText } from "../search/marks.js";

/**
 * @typedef {import("../client/client.js").ChatClient} ChatClient
 * @typedef {import("../client/room.js").Said} Said
 * @typedef {import("./texts.js").Words} Words
 *
 * @typedef {object} Host  the box
 * @property {Words} words
 * @property {ChatClient} client
 * @property {string} room
 * @property {(number: number) => void} seek  point at a message that is here
 * @property {() => void} close  take the panel away
 */

/** Search in the room of a box. @param {Host} host @returns {[HTMLElement, HTMLElement]} the panel, and its field */
export function searchPanel(host) {
  const { words, client, room } = host;
  const [form, text] = searchForm(words);
  const list = made("ol", "hits");
  const more = button("quiet", words.say("searchFurther"), () => {});
  more.hidden = true;
  const status = made("p", "state");
  status.role = "status";
  const failed = (/** @type {unknown} */ error) => setText(status, wrong(words, error));
  const asking = new Asking(() => client, {
    begun: () => {
      more.hidden = true;
      setText(status, words.say("searching"));
    },
    found: ({ messages, words: sought, before }, goOn) => {
      list.append(...messages.map((said) => hit(host, said, sought, failed)));
      more.hidden = !before;
      more.onclick = goOn;
      const count = list.childElementCount;
      setText(status, words.say(count === 0 && !before ? "nothingFound" : before ? "foundSoFar" : "found", count));
    },
    failed,
  });
  onSubmit(form, () => {
    list.replaceChildren();
    asking.search(text.value.trim(), room);
  });
  return [panel(host, words.say("search"), form, status, list, more), text];
}

/** @param {Words} words @returns {[HTMLFormElement, HTMLInputElement]} the form, and its field */
function searchForm(words) {
  const text = made("input", "");
  text.id = "sought";
  text.type = "search";
  text.required = true;
  text.maxLength = 200;
  text.enterKeyHint = "search";
  const label = made("label", "", words.say("searchWords"));
  label.htmlFor = "sought";
  const form = made("form", "search", label, text, made("button", "", words.say("search")));
  form.role = "search";
  return [form, text];
}

/** What a message said before it was edited, for moderators.
 * @param {Host} host @param {number} number
 * @returns {[HTMLElement, HTMLElement]} the panel, and what has the focus
 */
export function textsPanel(host, number) {
  const { words, client, room } = host;
  const list = made("ol", "hits");
  const status = made("p", "state", words.say("searching"));
  status.role = "status";
  const result = panel(host, words.say("earlierTexts"), status, list);
  client.texts(room, number).then(
    (texts) => {
      setText(status, "");
      list.append(...texts.map((each) => made("li", "", made("time", "", words.moment(each.time)), text(each.text))));
    },
    (error) => setText(status, wrong(words, error)),
  );
  return [result, /** @type {HTMLElement} */ (result.querySelector("button"))];
}

/** @param {Host} host @param {string} title @param {HTMLElement[]} content */
function panel({ words, close }, title, ...content) {
  const head = made("div", "panel-head", made("h3", "", title), button("quiet", words.say("close"), close));
  const result = made("section", "panel", head, ...content);
  result.setAttribute("aria-label", title);
  result.part.add("panel");
  result.onkeydown = (event) => {
    if (event.key === "Escape" && !event.isComposing) {
      // The box may be in a dialog, which stays.
      event.preventDefault();
      close();
    }
  };
  return result;
}

/** A message that was found.
 * @param {Host} host @param {Said} said @param {string[]} sought @param {(error: unknown) => void} failed
 */
function hit(host, said, sought, failed) {
  const head = made("span", "head", made("bdi", "name", said.name), made("time", "", host.words.moment(said.time)));
  const found = made("span", "text", ...markedText(said.text, sought));
  found.dir = "auto";
  const result = made("button", "hit", head, found);
  result.type = "button";
  result.part.add("hit");
  result.onclick = () => lead(host, said.number).catch(failed);
  return made("li", "", result);
}

/** @param {Host} host @param {number} number */
async function lead({ words, client, room, seek, close }, number) {
  const page = await pageAround(client, room, number);
  const here = client.rooms.get(room);
  if (!here || !has(page, number)) {
    throw new Error(words.say("gone"));
  }
  has(here, number) || here.turnTo(page);
  close();
  seek(number);
}

/** @param {string} written */
function text(written) {
  const result = made("div", "text", written);
  result.dir = "auto";
  return result;
}

/** @param {Words} words @param {unknown} error */
function wrong(words, error) {
  const { code, message } = /** @type {{code?: string, message?: string}} */ (error);
  return code ? words.refusal("", code, message ?? "") : (message ?? words.say("notPossible"));
}
