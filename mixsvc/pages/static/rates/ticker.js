// @ts-check
/** The pairs at the top of the page: the template's own elements, filled again with each quote. */

import { element, made, setText } from "../dom.js";

const FLASH_MS = 1_200;
const UNAVAILABLE = "unavailable";
/** A date has no time, so that it is the same everywhere. */
const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });
const DATE_AND_YEAR = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });

/** @typedef {{base: string, quote: string, price: string, date: string, source: string, stale: boolean}} Quote */

export class Ticker {
  /** The element of each pair. @type {Map<string, Element>} */
  #chips = new Map();

  /** @param {(pair: string) => void} pick  somebody wants to know more of a pair */
  constructor(pick) {
    for (const chip of element("rates", HTMLElement).querySelectorAll("[data-pair]")) {
      const pair = chip.getAttribute("data-pair") ?? "";
      setText(part(chip, "date"), shortDate(part(chip, "date").getAttribute("datetime") ?? ""));
      this.#chips.set(pair, chip);
      part(chip, "rate-pick").onclick = () => {
        this.choose(pair);
        pick(pair);
      };
    }
  }

  get pairs() {
    return [...this.#chips.keys()];
  }

  /** The price of a pair as it is shown. @param {string} pair */
  price(pair) {
    const chip = this.#chips.get(pair);
    return chip ? (part(chip, "price").textContent ?? "") : UNAVAILABLE;
  }

  /** @param {string} chosen */
  choose(chosen) {
    this.#chips.forEach((chip, pair) => part(chip, "rate-pick").setAttribute("aria-pressed", String(pair === chosen)));
  }

  /** These quotes are all there are. Whether a price is another one now. @param {Quote[]} quotes */
  showAll(quotes) {
    const known = new Set(quotes.map(pairOf));
    const gone = [...this.#chips].filter(([pair, chip]) => !known.has(pair) && fill(chip, null));
    return this.show(quotes) || gone.length > 0;
  }

  /** These quotes have changed. Whether a price is another one now. @param {Quote[]} quotes */
  show(quotes) {
    const changed = quotes.filter((quote) => {
      const chip = this.#chips.get(pairOf(quote));
      return chip && fill(chip, quote);
    });
    return changed.length > 0;
  }
}

/** @param {Quote} quote */
function pairOf({ base, quote }) {
  return `${base}/${quote}`;
}

/** As people say it, in the reader's language; "" for none. @param {string} date  YYYY-MM-DD */
function shortDate(date) {
  const when = new Date(date);
  if (Number.isNaN(when.getTime())) {
    return "";
  }
  return (when.getUTCFullYear() === new Date().getFullYear() ? DATE : DATE_AND_YEAR).format(when);
}

/** Whether the price is another one now. @param {Element} chip @param {Quote | null} quote */
function fill(chip, quote) {
  const before = part(chip, "price").textContent ?? "";
  const { price, date, source, stale } = quote ?? { price: UNAVAILABLE, date: "", source: "", stale: false };
  chip.setAttribute("data-known", quote ? "yes" : "no");
  setText(part(chip, "price"), price);
  setText(part(chip, "date"), shortDate(date));
  setText(part(chip, "source"), source);
  part(chip, "date").setAttribute("datetime", date);
  part(chip, "origin").hidden = !quote;
  part(chip, "stale").hidden = !stale;
  if (price !== before) {
    markChange(chip, Number(price) - Number(before));
  }
  return price !== before;
}

/** @param {Element} chip @param {number} change  not a number where there was no price, or is none */
function markChange(chip, change) {
  if (Number.isNaN(change)) {
    part(chip, "change").replaceChildren();
    return;
  }
  const [arrow, word] = change > 0 ? ["▲", "up by "] : ["▼", "down by "];
  const drawn = made("span", "", arrow ?? "");
  drawn.setAttribute("aria-hidden", "true");
  const size = String(Number(Math.abs(change).toPrecision(3)));
  part(chip, "change").replaceChildren(drawn, made("span", "unseen", word ?? ""), size);
  chip.setAttribute("data-change", change > 0 ? "up" : "down");
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) {
    part(chip, "rate-pick").animate([{ backgroundColor: "var(--flash)" }, {}], FLASH_MS);
  }
}

/** @param {Element} chip @param {string} name */
function part(chip, name) {
  return /** @type {HTMLElement} */ (chip.querySelector(`.${name}`));
}
