// @ts-check
/** Times as the person at the page reads them. */

import { made } from "../dom.js";

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

/** The time of day; the full time when hovered. @param {string} time  ISO 8601, UTC */
export function clockTime(time) {
  const when = new Date(time);
  const result = made("time", "time");
  if (!Number.isNaN(when.getTime())) {
    result.textContent = CLOCK.format(when);
    result.dateTime = time;
    result.title = FULL.format(when);
  }
  return result;
}

/** A word for the day here, the same for all times of that day. @param {string} time  ISO 8601, UTC */
export function dayOf(time) {
  const when = new Date(time);
  return Number.isNaN(when.getTime()) ? "" : when.toDateString();
}

/** @param {string} time  ISO 8601, UTC @param {Date} now */
export function dayName(time, now) {
  const when = new Date(time);
  const yesterday = new Date(now);
  yesterday.setDate(now.getDate() - 1);
  if (when.toDateString() === now.toDateString()) {
    return "Today";
  }
  return when.toDateString() === yesterday.toDateString() ? "Yesterday" : DAY.format(when);
}
