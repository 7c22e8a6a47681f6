// @ts-check
/** Which room and message the address of the page names: /#lobby, /#lobby/123. The browser's buttons go back and on. */

/** @typedef {{room: string, number: number | null}} Place  null: no message; 0: one that is none */

/** The address of a room, or of a message in it. @param {string} room @param {number | null} [number] */
export function addressOf(room, number = null) {
  const name = encodeURIComponent(room);
  // The page's own elements have addresses, too, which a slash tells from those of rooms.
  return `#${name}${number !== null ? `/${number}` : document.getElementById(room) ? "/" : ""}`;
}

/** @param {string} hash @returns {Place | null} */
export function placeOf(hash) {
  const [, name = "", slash = "", rest = ""] = /^#([^/]+)(\/?)(.*)$/.exec(hash) ?? [];
  const room = decoded(name);
  if (!room || (!slash && document.getElementById(room))) {
    return null;
  }
  return { room, number: rest ? numberOf(rest) : null };
}

/** @param {string} digits  perhaps; what is no number that a message can have is 0 */
function numberOf(digits) {
  return /^\d{1,15}$/.test(digits) ? Number(digits) : 0;
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

/** Follows the address, and writes it. */
export class Places {
  #go;

  /** @param {(place: Place) => void} go  the person has followed a link, or gone back */
  constructor(go) {
    this.#go = go;
    addEventListener("hashchange", () => this.#follow());
  }

  /** The one with which the page was opened. */
  get first() {
    return placeOf(location.hash);
  }

  /** The person has come to this room first: back leads there, though the address names none. @param {string} room */
  begin(room) {
    history.replaceState({ room }, "");
  }

  /** The person is in this room now. @param {string} room */
  at(room) {
    if (this.#here?.room !== room) {
      history.pushState(null, "", addressOf(room));
    }
  }

  /** @returns {Place | null} */
  get #here() {
    const room = history.state?.room;
    return placeOf(location.hash) ?? (room ? { room, number: null } : null);
  }

  #follow() {
    const here = this.#here;
    if (here) {
      this.#go(here);
    }
  }
}
