// @ts-check
/** A line of prices, drawn by uPlot in the colours of the page. */

import { made } from "../dom.js";
import { lone } from "./course.js";

const HEIGHT = 200;

/**
 * @typedef {import("uplot").Options} Options
 * @typedef {import("./course.js").Place} Place
 * @typedef {{pointAt: (index: number) => void, remove: () => void}} Plot
 */

/** @type {Promise<typeof import("uplot") | null> | undefined} */
let loading;

/** The library, which is loaded once; null where the page has none. */
export function loaded() {
  loading ??= load();
  return loading;
}

/** @returns {Promise<typeof import("uplot") | null>} */
async function load() {
  try {
    // @ts-ignore: the file comes from npm, and a checkout without npm has none.
    return (await import("../vendor/uplot.js")).default;
  } catch {
    return null;
  }
}

/**
 * Draw the course into an element. The line ends where a gap begins.
 * @param {typeof import("uplot")} uPlot
 * @param {HTMLElement} place
 * @param {Place[]} course  the oldest first
 * @param {(index: number) => void} pointed  told which place of the course is pointed at
 * @returns {Plot}
 */
export function drawn(uPlot, place, course, pointed) {
  place.hidden = false;
  const readout = made("p", "readout");
  const tell = (/** @type {number} */ index) => {
    const at = course[index];
    readout.textContent = at ? `${at.label}  ${at.text}` : "";
    pointed(index);
  };
  const days = course.map(({ date }) => Date.parse(date) / 1000);
  const prices = course.map(({ price }) => (price === null ? null : Number(price)));
  const make = () => new uPlot(options(place, tell, uPlot, lone(course)), [days, prices], place);
  place.append(readout);
  let plot = make();
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const drawAgain = () => {
    plot.destroy();
    plot = make();
  };
  const resizing = new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: HEIGHT }));
  resizing.observe(place);
  scheme.addEventListener("change", drawAgain);
  return {
    pointAt: (index) => plot.setCursor({ left: plot.valToPos(days[index] ?? 0, "x"), top: 0 }),
    remove: () => {
      resizing.disconnect();
      scheme.removeEventListener("change", drawAgain);
      plot.destroy();
      readout.remove();
    },
  };
}

/**
 * @param {HTMLElement} place
 * @param {(index: number) => void} tell
 * @param {typeof import("uplot")} uPlot
 * @param {number[]} dots  the prices to mark, as no line shows them
 * @returns {Options}
 */
function options(place, tell, uPlot, dots) {
  const style = getComputedStyle(place);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour("--ink-soft"),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  const points = { show: false, filter: dots.length > 0 ? dots : null, size: 4, fill: colour("--accent") };
  return {
    width: place.clientWidth,
    height: HEIGHT,
    // The dates are days and have no zone.
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 8 } },
    series: [{}, { stroke: colour("--accent"), fill: colour("--accent-veil"), width: 2, points }],
    axes: [
      { ...axis, grid: { show: false }, size: 40 },
      { ...axis, size: 54 },
    ],
    hooks: { setCursor: [(plot) => typeof plot.cursor.idx === "number" && tell(plot.cursor.idx)] },
  };
}
