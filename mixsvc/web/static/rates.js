// @ts-check
/** Keeps the rates on the page current: fills the template's own elements again from the API. */

const EVERY_S = 30;
const LONGEST_WAIT_S = 240;
const ANSWER_MS = 10_000;

/**
 * @typedef {{base: string, quote: string, price: string, date: string, source: string, stale: boolean}} Quote
 */

const section = /** @type {HTMLElement} */ (document.getElementById("rates"));
const status_line = /** @type {HTMLElement} */ (document.getElementById("rates-status"));
let failures = 0;
let timer = 0;

async function refresh() {
  clearTimeout(timer);
  try {
    const answer = await fetch(section.dataset["url"] ?? "", { signal: AbortSignal.timeout(ANSWER_MS) });
    if (!answer.ok) {
      throw new Error(`status ${answer.status}`);
    }
    show((await answer.json()).quotes);
    failures = 0;
    say("");
  } catch {
    failures += 1;
    say("The service cannot be reached: these rates may be out of date.");
  }
  clearTimeout(timer);
  timer = setTimeout(refresh, Math.min(LONGEST_WAIT_S, EVERY_S * 2 ** failures) * 1000);
}

/** @param {Quote[]} quotes */
function show(quotes) {
  const by_pair = new Map(quotes.map((quote) => [`${quote.base}/${quote.quote}`, quote]));
  for (const card of section.querySelectorAll("[data-pair]")) {
    fill(card, by_pair.get(card.getAttribute("data-pair") ?? ""));
  }
}

/** @param {Element} card @param {Quote | undefined} quote */
function fill(card, quote) {
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (card.querySelector(`.${name}`));
  card.setAttribute("data-known", quote ? "yes" : "no");
  const price = quote?.price ?? "unavailable";
  if (part("price").textContent !== price) {
    part("price").textContent = price;
    part("price").animate?.([{ opacity: 0.3 }, { opacity: 1 }], 600);
  }
  part("origin").hidden = !quote;
  part("date").textContent = quote?.date ?? "";
  part("date").setAttribute("datetime", quote?.date ?? "");
  part("source").textContent = quote?.source ?? "";
  part("stale").hidden = !quote?.stale;
}

/** @param {string} text */
function say(text) {
  if (status_line.textContent !== text) {
    status_line.textContent = text;
  }
}

timer = setTimeout(refresh, EVERY_S * 1000);
addEventListener("online", refresh);
