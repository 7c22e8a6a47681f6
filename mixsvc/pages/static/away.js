// @ts-check
/** The page while its chat is away: the rates alone, until the service has a page with the chat again. */

import "./rates/rates.js";

const EVERY_MS = 3000;
const ANSWER_MS = 10_000;

/** The text of the page by which it says that the chat is away. */
const AWAY = 'id="chat-away"';

async function look() {
  try {
    const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
    if (answer.ok && !(await answer.text()).includes(AWAY)) {
      location.reload();
      return;
    }
  } catch {
    // The service cannot be reached: the rates say so.
  }
  lookLater();
}

/** Not all pages at the same moment. */
function lookLater() {
  setTimeout(look, EVERY_MS * (1 + Math.random()));
}

lookLater();
