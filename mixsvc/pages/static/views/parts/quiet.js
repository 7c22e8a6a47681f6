// @ts-check
/** What a log shows that is no news, such as another room or older messages, is not read out. */

/** How long a screen reader is told of nothing. */
const QUIET_MS = 500;

/** @param {HTMLElement} log  a live region @returns {() => void} to be called before what is no news is shown */
export function quieting(log) {
  let loudAgain = 0;
  return () => {
    clearTimeout(loudAgain);
    log.setAttribute("aria-live", "off");
    loudAgain = setTimeout(() => log.setAttribute("aria-live", "polite"), QUIET_MS);
  };
}
