// @ts-check
/** What this browser keeps from visit to visit: the rooms, how far each was read, and whether to notify. */

const KEY = "mixsvc";
const MOST_ROOMS = 20;

/** @typedef {{rooms: Record<string, number>, open: string, notify: boolean}} Kept  rooms: the last number read */

/** @returns {Kept} */
export function remembered() {
  /** @type {Kept} */
  const kept = { rooms: {}, open: "", notify: false };
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    for (const [name, read] of Object.entries(Object(found.rooms)).slice(0, MOST_ROOMS)) {
      if (Number.isSafeInteger(read)) {
        kept.rooms[name] = Number(read);
      }
    }
    kept.open = String(found.open ?? "");
    kept.notify = found.notify === true;
  } catch {
    // The browser keeps nothing for this site, or something else.
  }
  return kept;
}

/** @param {Partial<Kept>} changes */
export function remember(changes) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...remembered(), ...changes }));
  } catch {
    // Then the next visit begins as the first.
  }
}
