// @ts-check
/** Mentions: @ and a name that is known here, whatever script it is in and however many words it has. */

/** @typedef {import("../client/room.js").Room} Room */

/** Scripts that put no space between words, or hang endings on names. */
const UNSPACED = /\p{sc=Han}|\p{sc=Hira}|\p{sc=Kana}|\p{sc=Hang}|\p{sc=Thai}|\p{sc=Laoo}|\p{sc=Khmr}|\p{sc=Mymr}/u;
const WORD = /[\p{L}\p{N}\p{M}_]/u;
/** A letter with all that is one with it: marks, and the parts of a Korean syllable. */
const LETTER = /\P{M}?[\p{M}\uff9e\uff9f\u1160-\u11ff]{0,8}/uy;
/** The names that can be mentioned in a room. */
export class Names {
  /** As they are compared. @type {Set<string>} */
  #known;
  /** What they begin with. @type {Set<string>} */
  #beginnings;
  /** How long the longest is. */
  #longest;
  #self;

  /** @param {Iterable<string>} names @param {string} self  the reader's own */
  constructor(names, self) {
    this.#self = folded(self);
    this.#known = new Set([...names, self].map(folded));
    this.#beginnings = new Set([...this.#known].map((name) => name.charAt(0)));
    this.#longest = Math.max(...[...this.#known].map((name) => name.length));
  }

  /** How long the longest name is that is mentioned here, without the sign before it; 0 where none is.
   * @param {string} text @param {number} at  where the @ is
   */
  lengthAt(text, at) {
    if (text.charAt(at) !== "@" || runsOn(letterBefore(text, at), "@")) {
      return 0;
    }
    let [end, found, read] = [at + 1, 0, ""];
    do {
      const letter = wholeLetter(text, end);
      end += letter.length;
      read += folded(letter);
      const isName = this.#known.has(read) && !runsOn(letterBefore(text, end), letterAt(text, end));
      found = isName ? end - at - 1 : found;
    } while (end < text.length && read.length < this.#longest && this.#beginnings.has(read.charAt(0)));
    return found;
  }

  /** Whether it is the reader's own. @param {string} name */
  isSelf(name) {
    return folded(name) === this.#self;
  }

  /** Whether the reader's own is mentioned: perhaps in code, in a quote or in an address. @param {string} text */
  mayCallSelf(text) {
    for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
      const length = this.lengthAt(text, at);
      if (length > 0 && this.isSelf(text.slice(at + 1, at + 1 + length))) {
        return true;
      }
    }
    return false;
  }
}

/** The names of those who are in a room or have said something there, made anew only where they may be others. */
export class NamesHere {
  now = new Names([], "");
  /** Whose names they are. */
  #whose = "";

  /** @param {Room} room @param {string} self */
  learn(room, self) {
    const whose = `${room.name} ${room.histories} ${room.turns} ${room.last} ${room.count} ${self}`;
    if (whose !== this.#whose) {
      this.#whose = whose;
      this.now = namesIn(room, self);
    }
  }
}

/** Those who are in a room or have said something there.
 * @param {Room} room @param {string} self
 */
export function namesIn(room, self) {
  return new Names([...room.members, ...room.messages.map(({ name }) => name)], self);
}

/** The same for two names that are one to the server, which differ in case, width or composition only. Each letter of
 * a text may be folded by itself. @param {string} name
 */
export function folded(name) {
  // The dotless i has no other case: that of I is the one with a dot.
  const upper = (/** @type {string} */ each) => each.toLowerCase().toUpperCase();
  return name.normalize("NFKD").replace(/[^ı]+/g, upper).normalize("NFKD");
}

/** Whether two letters are in one word. @param {string} before @param {string} after */
function runsOn(before, after) {
  if (after === "@") {
    return WORD.test(before) && !UNSPACED.test(before);
  }
  return WORD.test(after) && !UNSPACED.test(before) && !UNSPACED.test(after);
}

/** "" at the end. @param {string} text @param {number} at */
function wholeLetter(text, at) {
  LETTER.lastIndex = at;
  return LETTER.exec(text)?.[0] ?? "";
}

/** @param {string} text @param {number} at */
function letterBefore(text, at) {
  return [...text.slice(Math.max(0, at - 2), at)].pop() ?? "";
}

/** @param {string} text @param {number} at */
function letterAt(text, at) {
  return String.fromCodePoint(text.codePointAt(at) ?? 32);
}
