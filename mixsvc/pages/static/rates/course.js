// @ts-check
/** The course of a price: the prices in order, and between them the times in which nobody quoted the pair. */

const DAY_MS = 86_400_000;

/**
 * @typedef {{date: string, price: string}} Point
 * @typedef {{from: string, to: string}} Gap  the last date with a price before it, and the first one after it
 * @typedef {{date: string, price: string | null, label: string, text: string}} Place  price: null for a gap, whose date
 *   is its first day. label: its date or dates. text: its price, or that there is none
 */

/** @param {Point[]} points  the oldest first @param {Gap[]} gaps  likewise @returns {Place[]} */
export function course(points, gaps) {
  const first = points[0]?.date ?? "";
  const last = points[points.length - 1]?.date ?? "";
  const inside = gaps.filter(({ from, to }) => first <= from && to <= last);
  const places = [...points.map(placeOfPoint), ...inside.map(placeOfGap)];
  return places.sort((one, other) => (one.date < other.date ? -1 : 1));
}

/** The indices of prices that no line leads to, as there are gaps on both sides. @param {Place[]} places */
export function lone(places) {
  const hasPrice = (/** @type {number} */ index) => typeof places[index]?.price === "string";
  return places.map((_, index) => index).filter((at) => hasPrice(at) && !hasPrice(at - 1) && !hasPrice(at + 1));
}

/** @param {Point} point @returns {Place} */
function placeOfPoint({ date, price }) {
  return { date, price, label: date, text: price };
}

/** @param {Gap} gap @returns {Place} */
function placeOfGap({ from, to }) {
  const [start, end] = [moved(from, 1), moved(to, -1)];
  return { date: start, price: null, label: `${start} to ${end}`, text: "not quoted" };
}

/** @param {string} date @param {number} days */
function moved(date, days) {
  return new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10);
}
