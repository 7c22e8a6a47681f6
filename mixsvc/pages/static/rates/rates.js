// @ts-check
/** The rates on the page: told live while the chat is connected, asked for every half minute where it is not. */

import { Chart } from "./chart.js";
import { begin_converter, convert } from "./converter.js";
import { element, set_text } from "../dom.js";
import { Ticker } from "./ticker.js";

const EVERY_S = 30;
const LONGEST_WAIT_S = 240;
const ANSWER_MS = 10_000;

/** @typedef {import("./ticker.js").Quote} Quote */

class Rates {
  #url = element("rates", HTMLElement).dataset["url"] ?? "";
  #status = element("rates-status", HTMLElement);
  #chart = new Chart();
  #ticker = new Ticker((pair) => this.#chart.show_pair(pair, this.#ticker.price(pair)));
  #failures = 0;
  #timer = 0;
  #is_live = false;

  get pairs() {
    return this.#ticker.pairs;
  }

  /** The chat tells of each change from now on. @param {Quote[]} quotes  those that are new */
  live(quotes) {
    clearTimeout(this.#timer);
    this.#is_live = true;
    this.#reached(this.#ticker.show(quotes));
  }

  /** Nobody tells: ask, from time to time. */
  poll() {
    this.#is_live = false;
    clearTimeout(this.#timer);
    const seconds = Math.min(LONGEST_WAIT_S, EVERY_S * 2 ** this.#failures);
    this.#timer = setTimeout(() => this.refresh(), seconds * 1000);
  }

  /** Ask now, unless there is no need. */
  async refresh() {
    if (this.#is_live) {
      return;
    }
    try {
      const answer = await fetch(this.#url, { signal: AbortSignal.timeout(ANSWER_MS) });
      if (!answer.ok) {
        throw new Error(`status ${answer.status}`);
      }
      const { quotes } = await answer.json();
      this.#reached(this.#ticker.show_all(quotes));
    } catch {
      this.#failures += 1;
      set_text(this.#status, "The service cannot be reached: these rates may be out of date.");
    }
    this.#is_live || this.poll();
  }

  /** The service has told the rates. @param {boolean} has_news  whether a price is another one now */
  #reached(has_news) {
    // What could not be worked out meanwhile can be now.
    (has_news || this.#failures > 0) && convert();
    this.#failures = 0;
    set_text(this.#status, "");
    this.#chart.show_price(this.#ticker.price(this.#chart.pair));
  }
}

export const rates = new Rates();

rates.poll();
addEventListener("online", () => rates.refresh());
begin_converter();
