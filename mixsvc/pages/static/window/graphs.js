// @ts-check
/** The graphs of the last hour, drawn by uPlot. */

import { element, made, setText } from "../dom.js";
import { loaded } from "../rates/plot.js";

const EVERY_MS = 10_000;
const SAMPLE_SECONDS = 5;
const HEIGHT = 88;
/** Graphs at most. */
const MOST = 16;
/** Those that come first. */
const FIRST = ["sessions", "messages_per_second", "requests_per_second", "lag_seconds", "processor_share"];

/**
 * @typedef {typeof import("uplot")} UPlot
 * @typedef {Record<string, (number | null)[]>} Series
 * @typedef {import("uplot").AlignedData} Data
 */

export class Graphs {
  #section = element("graphs", HTMLElement);
  #place = element("plots", HTMLElement);
  /** @type {Map<string, Graph>} */
  #graphs = new Map();
  #askedAt = -EVERY_MS;

  /** Bring them up to date, if some time has passed. */
  async refresh() {
    if (performance.now() - this.#askedAt < EVERY_MS) {
      return;
    }
    this.#askedAt = performance.now();
    const [series, uPlot] = await Promise.all([asked(), loaded()]);
    if (!series || !uPlot) {
      return;
    }
    const { times, others } = apart(series);
    this.#section.hidden = others.length === 0;
    for (const [name, values] of others.slice(0, MOST)) {
      this.#graph(name, uPlot).show([times, values]);
    }
  }

  /** @param {string} name @param {UPlot} uPlot */
  #graph(name, uPlot) {
    let graph = this.#graphs.get(name);
    if (!graph) {
      graph = new Graph(name, uPlot, this.#place);
      this.#graphs.set(name, graph);
    }
    return graph;
  }
}

class Graph {
  #name;
  #uPlot;
  #place = made("div", "plot-area");
  #now = made("b", "plot-now");
  /** @type {Data} */
  #data = [[], []];
  /** @type {import("uplot") | null} */
  #plot = null;

  /** @param {string} name @param {UPlot} uPlot @param {HTMLElement} parent */
  constructor(name, uPlot, parent) {
    this.#name = name;
    this.#uPlot = uPlot;
    this.#place.setAttribute("role", "img");
    parent.append(made("figure", "plot", made("figcaption", "plot-head", title(name), this.#now), this.#place));
    const width = () => this.#plot?.setSize({ width: this.#place.clientWidth, height: HEIGHT });
    new ResizeObserver(width).observe(this.#place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.#plot?.destroy();
      this.#plot = null;
      this.show(this.#data);
    });
  }

  /** @param {Data} data */
  show(data) {
    this.#data = data;
    if (this.#plot) {
      this.#plot.setData(data);
    } else {
      this.#plot = new this.#uPlot(this.#options(), data, this.#place);
    }
    this.#tell(null);
    this.#place.setAttribute("aria-label", summary(this.#name, data[1] ?? []));
  }

  /** The value that is pointed at, else the last one. @param {number | null | undefined} index */
  #tell(index) {
    const values = this.#data[1] ?? [];
    const value = typeof index === "number" ? values[index] : values[values.length - 1];
    setText(this.#now, written(this.#name, value));
  }

  /** @returns {import("uplot").Options} */
  #options() {
    const style = getComputedStyle(this.#place);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--ink-soft"), font: `10px ${style.fontFamily}`, ticks: { show: false } };
    const grid = { stroke: colour("--line"), width: 1 };
    return {
      width: this.#place.clientWidth,
      height: HEIGHT,
      tzDate: (seconds) => this.#uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 }, sync: { key: "window" } },
      scales: { y: { range: (_, low, high) => [Math.min(0, low), (high || 0) > 0 ? high * 1.1 : 1] } },
      series: [{}, { stroke: colour("--accent"), fill: colour("--accent-veil"), width: 1.5, points: { show: false } }],
      axes: [
        { ...axis, grid: { show: false }, size: 20, space: 70, values: "{HH}:{mm}" },
        { ...axis, grid, size: 44, space: 28, values: (_, ticks) => ticks.map((each) => written(this.#name, each)) },
      ],
      hooks: { setCursor: [(plot) => this.#tell(plot.cursor.idx)] },
    };
  }
}

/** @returns {Promise<Series | null>} */
async function asked() {
  try {
    const answer = await fetch("window/history", { cache: "no-store" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

/** The times of the samples, and the series. @param {Series} series */
function apart({ at, ...rest }) {
  const named = [...new Set([...FIRST, ...Object.keys(rest)])].map((name) => [name, rest[name]]);
  const others = /** @type {[string, (number | null)[]][]} */ (named.filter(([, values]) => Array.isArray(values)));
  const length = others[0]?.[1].length ?? 0;
  const now = Date.now() / 1000;
  const times = at ?? Array.from({ length }, (_, index) => now - (length - 1 - index) * SAMPLE_SECONDS);
  return { times: /** @type {number[]} */ (times), others };
}

/** @param {string} name */
function title(name) {
  const words = name.replaceAll("_", " ").replace(/ (seconds|bytes|share)$/, "").replace(/ per second$/, "/s");
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

/** @param {string} name @param {number | null | undefined} value */
function written(name, value) {
  if (typeof value !== "number") {
    return "–";
  }
  if (/seconds$|lag/.test(name)) {
    return value < 1 ? `${short(value * 1000)} ms` : `${short(value)} s`;
  }
  if (/share$/.test(name)) {
    return `${short(value * 100)} %`;
  }
  if (/bytes|unsent|memory/.test(name)) {
    return `${new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 }).format(value)}B`;
  }
  return short(value);
}

/** @param {number} value */
function short(value) {
  const options = /** @type {const} */ ({ notation: "compact", maximumSignificantDigits: 3 });
  return new Intl.NumberFormat("en", options).format(value);
}

/** @param {string} name @param {ArrayLike<number | null | undefined>} values */
function summary(name, values) {
  const known = Array.from(values).filter((each) => typeof each === "number");
  if (known.length === 0) {
    return `${title(name)}: nothing is known yet`;
  }
  const [now, low, high] = [known.at(-1), Math.min(...known), Math.max(...known)].map((each) => written(name, each));
  return `${title(name)} in the last hour: now ${now}, lowest ${low}, highest ${high}`;
}
