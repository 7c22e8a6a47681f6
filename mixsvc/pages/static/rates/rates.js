// @ts-check
/** The rates on the page: told live while the chat is connected, asked for every half minute where it is not. */

import "../own_style.js";
import { Chart } from "./chart.js";
import { beginConverter, convert } from "./converter.js";
import { element, setText } from "../dom.js";
import { Ticker } from "./ticker.js";

const EVERY_S = 30;
const LONGEST_WAIT_S = 240;
const ANSWER_MS = 10_000;

/** @typedef {import("./ticker.js").Quote} Quote */

class Rates {
  #url = element("rates", HTMLElement).dataset["url"] ?? "";
  #status = element("rates-status", HTMLElement);
  #chart = new Chart();
  #ticker = new Ticker((pair) => this.#chart.showPair(pair, this.#ticker.price(pair)));
  #failures = 0;
  #timer = 0;
  #isLive = false;

  get pairs() {
    return this.#ticker.pairs;
  }

  /** The chat tells of each change from now on. @param {Quote[]} quotes  those that are new */
  live(quotes) {
    clearTimeout(this.#timer);
    this.#isLive = true;
    this.#reached(this.#ticker.show(quotes));
  }

  /** Nobody tells: ask, from time to time. */
  poll() {
    this.#isLive = false;
    clearTimeout(this.#timer);
    const seconds = Math.min(LONGEST_WAIT_S, EVERY_S * 2 ** this.#failures);
    this.#timer = setTimeout(() => this.refresh(), seconds * 1000);
  }

  /** Ask now, unless there is no need. */
  async refresh() {
    if (this.#isLive) {
      return;
    }
    try {
      const answer = await fetch(this.#url, { signal: AbortSignal.timeout(ANSWER_MS) });
      if (!answer.ok) {
        throw new Error(`status ${answer.status}`);
      }
      const { quotes } = await answer.json();
      this.#reached(this.#ticker.showAll(quotes));
    } catch {
      this.#failures += 1;
      setText(this.#status, "The service cannot be reached: these rates may be out of date.");
    }
    this.#isLive || this.poll();
  }

  /** The service has told the rates. @param {boolean} hasNews  whether a price is another one now */
  #reached(hasNews) {
    // What could not be worked out meanwhile can be now.
    (hasNews || this.#failures > 0) && convert();
    this.#failures = 0;
    setText(this.#status, "");
    this.#chart.showPrice(this.#ticker.price(this.#chart.pair));
  }
}

export const rates = new Rates();

rates.poll();
addEventListener("online", () => rates.refresh());
beginConverter();
