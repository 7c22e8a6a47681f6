// @ts-check
/** An amount in another currency, worked out by the service while one types. */

import { element, set_text } from "./dom.js";

const PAUSE_MS = 250;
const ANSWER_MS = 10_000;

const form = element("convert", HTMLFormElement);
const amount = element("amount", HTMLInputElement);
const from = element("from", HTMLSelectElement);
const to = element("to", HTMLSelectElement);
const result = element("converted", HTMLOutputElement);
const note = element("convert-note", HTMLElement);
let timer = 0;
/** An answer counts while its question is the newest. */
let questions = 0;

/** Convert from now on whenever something is changed. */
export function begin_converter() {
  const swap = element("swap", HTMLButtonElement);
  swap.hidden = false;
  swap.onclick = () => {
    [from.value, to.value] = [to.value, from.value];
    convert();
  };
  form.oninput = () => {
    clearTimeout(timer);
    timer = setTimeout(convert, PAUSE_MS);
  };
  form.onsubmit = (event) => {
    event.preventDefault();
    convert();
  };
  convert();
}

/** Work it out again, as a rate has changed. */
export async function convert() {
  clearTimeout(timer);
  questions += 1;
  const mine = questions;
  const typed = amount.value.replace(/[\s'_]/g, "").replace(",", ".");
  const [text, origin] = typed ? await asked(typed) : ["", ""];
  if (mine === questions) {
    set_text(result, text);
    set_text(note, origin);
  }
}

/** The result, and where it is from or why there is none. @param {string} typed @returns {Promise<[string, string]>} */
async function asked(typed) {
  const query = new URLSearchParams({ amount: typed, from: from.value, to: to.value });
  try {
    // The browser may have an answer from before the rate has changed.
    const request = { cache: /** @type {const} */ ("no-cache"), signal: AbortSignal.timeout(ANSWER_MS) };
    const answer = await fetch(`${form.action}?${query}`, request);
    const found = await answer.json();
    if (!answer.ok) {
      return ["", String(found.detail)];
    }
    const { price, date, source, stale } = found.quote;
    const origin = `1 ${found.from} = ${price} ${found.to}, ${date}, ${source}${stale ? ", stale" : ""}`;
    return [`${grouped(found.result)} ${found.to}`, origin];
  } catch {
    return ["", "The service cannot be reached now."];
  }
}

/** With narrow spaces between the thousands, and every digit as it came. @param {string} number */
function grouped(number) {
  const [whole = "", ...rest] = number.split(".");
  return [whole.replace(/\B(?=(\d{3})+$)/g, "\u202f"), ...rest].join(".");
}
