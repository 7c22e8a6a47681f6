// @ts-check
/**
 * What this browser keeps from visit to visit: the rooms, how far each was read, and whether to notify.
 *
 * Several windows write into it: each writes what it has changed itself, and leaves alone what it has not.
 */

const KEY = "mixsvc";
/** As many as [chat] max_joined may be: what is kept is bounded, whoever wrote it. */
const MOST_ROOMS = 1000;

/**
 * @typedef {object} Kept
 * @property {Record<string, number>} rooms  the last number read, in the history of this epoch
 * @property {string} epoch
 * @property {string} open
 * @property {boolean} notify
 * @property {Record<string, string>} levels  of which messages of a room: see levels.js
 * @property {string} rates  "open", "closed", "" for what suits the window
 */

/** @returns {Kept} */
export function remembered() {
  try {
    return parsed(localStorage.getItem(KEY));
  } catch {
    // The browser keeps nothing for this site.
    return parsed(null);
  }
}

/** @param {string | null} text  which may be anything @returns {Kept} */
function parsed(text) {
  /** @type {Kept} */
  const kept = { rooms: {}, epoch: "", open: "", notify: false, levels: {}, rates: "" };
  try {
    const found = JSON.parse(text ?? "{}");
    for (const [name, read] of Object.entries(Object(found.rooms)).slice(0, MOST_ROOMS)) {
      if (Number.isSafeInteger(read)) {
        kept.rooms[name] = Number(read);
      }
    }
    kept.levels = Object.fromEntries(Object.entries(Object(found.levels)).slice(-MOST_ROOMS));
    kept.epoch = String(found.epoch ?? "");
    kept.open = String(found.open ?? "");
    kept.notify = found.notify === true;
    kept.rates = ["open", "closed"].includes(found.rates) ? found.rates : "";
  } catch {
    // Something else.
  }
  return kept;
}

/** The rooms as this window has last seen or written them. */
let known = remembered().rooms;

/**
 * Be told what another window has written, also if a window has written over it by now.
 * @param {(kept: Kept) => void} call
 */
export function onRemembered(call) {
  // Not told to the window that wrote it; a null key: all was removed.
  addEventListener("storage", ({ key, newValue }) => key === KEY && call(parsed(newValue)));
}

/** How far a room was read; null where that is not known. A room may be called constructor, as what all objects have.
 * @param {Record<string, number>} rooms @param {string} name
 */
export function readOf(rooms, name) {
  return Object.hasOwn(rooms, name) ? Number(rooms[name]) : null;
}

/**
 * What is kept, but nothing read becomes unread in one history: a window may write what it knew a moment ago.
 * @param {Kept} before @param {Kept} kept @returns {Kept}
 */
export function furthest(before, kept) {
  const read = before.epoch === kept.epoch ? before.rooms : {};
  const rooms = Object.entries(kept.rooms).map(([name, number]) => {
    return [name, Math.max(number, readOf(read, name) ?? number)];
  });
  return { ...kept, rooms: Object.fromEntries(rooms) };
}

/** `rooms` are those of this window; other windows may be in others. @param {Partial<Kept>} changes */
export function remember({ rooms, ...rest }) {
  const kept = { ...remembered(), ...rest };
  if (rooms) {
    const left = Object.keys(known).filter((name) => !Object.hasOwn(rooms, name));
    const changed = Object.entries(rooms).filter(([name, read]) => known[name] !== read);
    known = rooms;
    if (left.length + changed.length + Object.keys(rest).length === 0) {
      // To write what is there already would undo what another window writes at this moment.
      return;
    }
    left.forEach((name) => delete kept.rooms[name]);
    Object.assign(kept.rooms, Object.fromEntries(changed));
  }
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // Then the next visit begins as the first.
  }
}
