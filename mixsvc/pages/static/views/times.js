// @ts-check
/** Times as people say them, in the reader's own language and time: Today, Yesterday, Friday, 13 November. */

import { made } from "../dom.js";

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const WEEKDAY = new Intl.DateTimeFormat(undefined, { weekday: "long" });
const DATE = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const DATE_AND_YEAR = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const NEAR = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const DAY_MS = 86_400_000;

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

/** The day, as a heading. @param {string} time  ISO 8601, UTC @param {Date} now */
export function dayName(time, now) {
  const name = day(new Date(time), now);
  return `${name.charAt(0).toLocaleUpperCase()}${name.slice(1)}`;
}

/** A moment in a sentence: only the time where that is today. @param {string} time  ISO 8601, UTC @param {Date} now */
export function moment(time, now) {
  const when = new Date(time);
  if (Number.isNaN(when.getTime())) {
    return time;
  }
  const clock = CLOCK.format(when);
  return daysTo(when, now) === 0 ? clock : `${day(when, now)}, ${clock}`;
}

/** @param {Date} when @param {Date} now */
function day(when, now) {
  const days = daysTo(when, now);
  if (Math.abs(days) <= 1) {
    return NEAR.format(days, "day");
  }
  if (Math.abs(days) < 7) {
    return WEEKDAY.format(when);
  }
  return (when.getFullYear() === now.getFullYear() ? DATE : DATE_AND_YEAR).format(when);
}

/** How many midnights lie between; negative for the past. @param {Date} when @param {Date} now */
function daysTo(when, now) {
  const [then, today] = [when, now].map((each) => Date.UTC(each.getFullYear(), each.getMonth(), each.getDate()));
  return (Number(then) - Number(today)) / DAY_MS;
}
