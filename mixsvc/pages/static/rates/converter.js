// @ts-check
/** An amount in another currency, worked out by the service while one types. */

import { element, setText } from "../dom.js";

const PAUSE_MS = 250;
const ANSWER_MS = 10_000;
const NO_AMOUNT = "That is no amount: write one such as 1234.50, up to 15 digits before the point and 12 after it.";

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
export function beginConverter() {
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
  const [text, origin] = amount.value.trim() ? await answerTo(amount.value.trim()) : ["", ""];
  if (mine === questions) {
    setText(result, text);
    setText(note, origin);
  }
}

/** The result, and where it is from or why there is none. @param {string} typed @returns {Promise<[string, string]>} */
async function answerTo(typed) {
  const plain = plainNumber(typed).replace(/^\./, "0.").replace(/\.$/, "");
  if (!/^\d{1,15}(\.\d{1,12})?$/.test(plain)) {
    return ["", NO_AMOUNT];
  }
  // Who writes numbers in another way sees how it was read.
  const read = plain === typed ? "" : `${grouped(plain)} ${from.value} · `;
  const [text, origin] = await asked(plain);
  return [text, text ? read + origin : origin];
}

/**
 * A number with a point, of one that is written in the ways of the world: 1,234.50 and 1.234,50, 1 234,5 and 1'234.5.
 * A comma before three last digits is taken for one between thousands, as in English.
 * @param {string} typed
 */
function plainNumber(typed) {
  const text = typed.replace(/[\s'’_]/g, "");
  if (/^[1-9]\d{0,2}(,\d{3})+(\.\d*)?$/.test(text)) {
    return text.replaceAll(",", "");
  }
  if (/^[1-9]\d{0,2}(\.\d{3})+,\d*$|^[1-9]\d{0,2}(\.\d{3}){2,}$/.test(text)) {
    return text.replaceAll(".", "").replace(",", ".");
  }
  return text.replace(",", ".");
}

/** What the service says. @param {string} plain @returns {Promise<[string, string]>} */
async function asked(plain) {
  const query = new URLSearchParams({ amount: plain, from: from.value, to: to.value });
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
