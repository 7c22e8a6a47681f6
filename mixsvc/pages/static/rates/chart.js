// @ts-check
/** The past of a pair: drawn by uPlot, walked through with the arrow keys, and a table. */

import { buttons, element, made, setText } from "../dom.js";
import { course } from "./course.js";
import { drawn, loaded } from "./plot.js";

const FIRST_DAY = "1999-01-04";
const MOST_POINTS = 400;
const DAY_MS = 86_400_000;
const ANSWER_MS = 10_000;
/** How soon to ask again where no answer came, and how late at most. */
const RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 60_000;
/** A pair may have ended before the first day asked for: with this as the last day that is no error. */
const LAST_DAY = "9999-12-31";
const PAGE = 10;
/** The attributes that make a drawing one to walk through. */
const SLIDER = ["role", "aria-label", "aria-valuemin", "aria-valuemax", "aria-valuenow", "aria-valuetext", "tabindex"];

/**
 * @typedef {import("./course.js").Point} Point
 * @typedef {import("./course.js").Gap} Gap
 * @typedef {import("./course.js").Place} Place
 * @typedef {{points: Point[], gaps: Gap[], days: number, sources: string[]}} Past
 * @typedef {{wrong: string, isPassing: boolean}} Wrong  isPassing: it may be right a little later
 */

export class Chart {
  #section = element("chart", HTMLElement);
  #title = element("chart-title", HTMLElement);
  #now = element("chart-now", HTMLElement);
  #place = element("chart-plot", HTMLElement);
  #note = element("chart-note", HTMLElement);
  #table = element("chart-table", HTMLDetailsElement);
  #rows = element("chart-rows", HTMLElement);
  #ranges = buttons(".ranges button");
  pair = this.#section.dataset["pair"] ?? "";
  #days = "365";
  /** What the keys walk through. @type {Place[]} */
  #places = [];
  /** The place that is pointed at. */
  #at = 0;
  #questions = 0;
  /** How many questions in a row had no answer yet. */
  #failures = 0;
  #timer = 0;
  /** @type {import("./plot.js").Plot | null} */
  #plot = null;

  constructor() {
    for (const range of this.#ranges) {
      range.onclick = () => this.#showRange(range.dataset["days"] ?? "");
    }
    element("chart", HTMLElement).querySelector(".ranges")?.removeAttribute("hidden");
    this.#place.onkeydown = (event) => this.#onKey(event);
    this.#place.onblur = () => this.#pointAt(this.#places.length - 1);
    this.#table.ontoggle = () => this.#fillTable();
    addEventListener("online", () => this.#failures > 0 && this.#load());
    this.#load();
  }

  /** @param {string} pair @param {string} price  as it is shown elsewhere */
  showPair(pair, price) {
    this.pair = pair;
    setText(this.#title, pair);
    this.showPrice(price);
    this.#clear();
    setText(this.#note, "");
    this.#failures = 0;
    this.#load();
  }

  /** The latest price of this pair. @param {string} price  as it is shown elsewhere */
  showPrice(price) {
    setText(this.#now, price);
  }

  /** @param {string} days  "" for all there are */
  #showRange(days) {
    this.#days = days;
    for (const range of this.#ranges) {
      range.setAttribute("aria-pressed", String(range.dataset["days"] === days));
    }
    this.#load();
  }

  async #load() {
    clearTimeout(this.#timer);
    this.#questions += 1;
    const mine = this.#questions;
    const [answer, uPlot] = await Promise.all([asked(this.#address()), loaded()]);
    if (mine !== this.#questions) {
      return;
    }
    if ("points" in answer) {
      this.#failures = 0;
      this.#show(answer, uPlot);
    } else {
      this.#fail(answer);
    }
  }

  /** @param {Wrong} wrong */
  #fail({ wrong, isPassing }) {
    this.#clear();
    this.#place.hidden = true;
    this.#table.hidden = true;
    setText(this.#note, wrong);
    if (isPassing) {
      const wait = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** this.#failures);
      this.#failures += 1;
      this.#timer = setTimeout(() => this.#load(), wait);
    }
  }

  /** Take the drawing away: it is not of what was asked for last. */
  #clear() {
    this.#places = [];
    this.#plot?.remove();
    this.#plot = null;
    SLIDER.forEach((name) => this.#place.removeAttribute(name));
    this.#fillTable();
  }

  #address() {
    const from = this.#days ? new Date(Date.now() - Number(this.#days) * DAY_MS).toISOString().slice(0, 10) : FIRST_DAY;
    return `${this.#section.dataset["url"]}/${this.pair}/history?from=${from}&to=${LAST_DAY}&points=${MOST_POINTS}`;
  }

  /** @param {Past} past @param {typeof import("uplot") | null} uPlot */
  #show({ points, gaps, days, sources }, uPlot) {
    this.#places = course(points, gaps);
    this.#plot?.remove();
    const isLine = uPlot && points.length > 1;
    this.#plot = isLine ? drawn(uPlot, this.#place, this.#places, (index) => this.#describe(index)) : null;
    this.#place.hidden = !this.#plot;
    this.#table.hidden = points.length === 0;
    // Where it cannot be drawn, the table is all there is.
    this.#table.open ||= !this.#plot && points.length > 0;
    this.#fillTable();
    this.#beSlider();
    const part = days > points.length ? `, ${points.length} of them shown: the peaks and the ends` : "";
    const told = `${summary(points)} · ${days} days${part} · ${sources.join(", ")}`;
    setText(this.#note, points.length > 0 ? told : "No prices in this time.");
  }

  #beSlider() {
    const last = this.#places.length - 1;
    const range = { "aria-valuemin": "0", "aria-valuemax": String(last) };
    const words = { role: "slider", "aria-label": `${this.pair}, day by day`, ...range };
    Object.entries(words).forEach(([name, value]) => this.#place.setAttribute(name, value));
    this.#place.tabIndex = 0;
    this.#at = last;
    this.#describe(last);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const last = this.#places.length - 1;
    /** @type {Record<string, number>} */
    const places = {
      ArrowLeft: this.#at - 1,
      ArrowDown: this.#at - 1,
      ArrowRight: this.#at + 1,
      ArrowUp: this.#at + 1,
      PageDown: this.#at - PAGE,
      PageUp: this.#at + PAGE,
      Home: 0,
      End: last,
    };
    const place = places[event.key];
    if (place !== undefined) {
      event.preventDefault();
      this.#pointAt(Math.max(0, Math.min(last, place)));
    }
  }

  /** @param {number} index */
  #pointAt(index) {
    this.#plot?.pointAt(index);
    this.#describe(index);
  }

  /** @param {number} index */
  #describe(index) {
    const place = this.#places[index];
    if (place) {
      this.#at = index;
      this.#place.setAttribute("aria-valuenow", String(index));
      this.#place.setAttribute("aria-valuetext", `${place.label}: ${place.text}`);
    }
  }

  #fillTable() {
    if (!this.#table.open) {
      this.#rows.replaceChildren();
      return;
    }
    this.#rows.replaceChildren(...this.#places.map(row).reverse());
  }
}

/** @param {Place} place */
function row({ label, text }) {
  const head = made("th", "", label);
  head.scope = "row";
  return made("tr", "", head, made("td", "", text));
}

/** @param {Point[]} points */
function summary(points) {
  const prices = points.map(({ price }) => price).sort((first, second) => Number(first) - Number(second));
  const [first, last] = [Number(points[0]?.price), Number(points[points.length - 1]?.price)];
  const change = (100 * (last - first)) / first;
  const sign = change >= 0 ? "+" : "−";
  return `${sign}${Math.abs(change).toFixed(1)} % · low ${prices[0]} · high ${prices[prices.length - 1]}`;
}

/** @param {string} address @returns {Promise<Past | Wrong>} */
async function asked(address) {
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(ANSWER_MS) });
    const found = await answer.json();
    return answer.ok ? found : { wrong: String(found.detail), isPassing: answer.status === 503 };
  } catch {
    return { wrong: "The service cannot be reached now.", isPassing: true };
  }
}
