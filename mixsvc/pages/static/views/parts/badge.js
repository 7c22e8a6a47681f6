// @ts-check
/** How many messages are unread, and how many of them call the reader. */

import { made } from "../../dom.js";

const MOST = 99;

/** @param {HTMLElement} badge @param {number} unread @param {number} calls */
export function showBadge(badge, unread, calls) {
  const shown = `${unread} ${calls}`;
  badge.hidden = unread === 0;
  if (badge.dataset["shown"] !== shown) {
    badge.dataset["shown"] = shown;
    const words = calls > 0 ? ` unread, ${calls} mention${calls === 1 ? "s" : ""} you` : " unread";
    const mark = made("span", "badge-calls", `@${upTo(calls)}`);
    mark.setAttribute("aria-hidden", "true");
    const parts = [made("span", "badge-count", upTo(unread)), made("span", "unseen", words)];
    badge.replaceChildren(...parts, ...(calls > 0 ? [mark] : []));
  }
}

/** The same in front of a title; "" for nothing. @param {number} unread @param {number} calls */
export function badgeText(unread, calls) {
  return unread > 0 ? `(${upTo(unread)}${calls > 0 ? `, @${upTo(calls)}` : ""}) ` : "";
}

/** @param {number} count */
function upTo(count) {
  return count > MOST ? `${MOST}+` : String(count);
}
