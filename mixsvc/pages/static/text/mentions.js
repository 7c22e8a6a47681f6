// @ts-check
/** Mentions: @ and a name that is known here, whatever script it is in and however many words it has. */

/** @typedef {import("../client/room.js").Room} Room */

/** Scripts that put no space between words, or hang endings on names. */
const UNSPACED = /\p{sc=Han}|\p{sc=Hira}|\p{sc=Kana}|\p{sc=Hang}|\p{sc=Thai}|\p{sc=Laoo}|\p{sc=Khmr}|\p{sc=Mymr}/u;
const WORD = /[\p{L}\p{N}\p{M}_]/u;
/** What is quoted or code calls nobody. */
const QUOTED = /^ {0,3}(`{3,})[^`\n]*\n[^]*?(?:^ {0,3}\1[` ]*$|(?![^]))|^ {0,3}> .*$|(?<!`)(`+)(?!`)[^`\n]+\2(?!`)/gmu;

/** The names that can be mentioned in a room. */
export class Names {
  /** By their first letter, the longest first. @type {Map<string, string[]>} */
  #known = new Map();
  #self;

  /** @param {Iterable<string>} names @param {string} self  the reader's own */
  constructor(names, self) {
    this.#self = folded(self);
    for (const name of new Set([...names, self].map(folded))) {
      const first = name.charAt(0);
      name && this.#known.set(first, [...(this.#known.get(first) ?? []), name]);
    }
    this.#known.forEach((each) => each.sort((one, other) => other.length - one.length));
  }

  /** How long the name is that is mentioned here, without the sign before it; 0 where none is.
   * @param {string} text @param {number} at  where the @ is
   */
  lengthAt(text, at) {
    if (text.charAt(at) !== "@" || runsOn(letterBefore(text, at), "@")) {
      return 0;
    }
    const begin = at + 1;
    const candidates = this.#known.get(folded(text.charAt(begin))) ?? [];
    const found = candidates.find((name) => {
      const end = begin + name.length;
      const isName = folded(text.slice(begin, end)) === name;
      return isName && !runsOn(letterBefore(text, end), letterAt(text, end));
    });
    return found?.length ?? 0;
  }

  /** Whether it is the reader's own. @param {string} name */
  isSelf(name) {
    return folded(name) === this.#self;
  }

  /** Whether the text calls the reader. @param {string} text */
  callsSelf(text) {
    if (!text.includes("@")) {
      return false;
    }
    const said = text.replace(QUOTED, " ");
    for (let at = said.indexOf("@"); at >= 0; at = said.indexOf("@", at + 1)) {
      const length = this.lengthAt(said, at);
      if (length > 0 && this.isSelf(said.slice(at + 1, at + 1 + length))) {
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

/** How many messages call the reader that are not read yet, of those that are here. */
export class UnreadCalls {
  /** @type {WeakMap<Room, NamesHere>} */
  #names = new WeakMap();

  /** @param {Room} room @param {string} self */
  of(room, self) {
    const read = room.read ?? Infinity;
    const unread = room.unread > 0 ? room.messages.filter(({ number }) => number > read) : [];
    const perhaps = unread.filter(({ name, text }) => name !== self && text.includes("@"));
    if (perhaps.length === 0) {
      return 0;
    }
    const names = this.#names.get(room) ?? new NamesHere();
    this.#names.set(room, names);
    names.learn(room, self);
    return perhaps.filter(({ text }) => names.now.callsSelf(text)).length;
  }
}

/** Those who are in a room or have said something there.
 * @param {Room} room @param {string} self
 */
export function namesIn(room, self) {
  return new Names([...room.members, ...room.messages.map(({ name }) => name)], self);
}

/** Two names that differ in case or width only are one. @param {string} name */
export function folded(name) {
  return name.normalize("NFKC").toLowerCase();
}

/** Whether two letters are in one word. @param {string} before @param {string} after */
function runsOn(before, after) {
  if (after === "@") {
    return WORD.test(before) && !UNSPACED.test(before);
  }
  return WORD.test(after) && !UNSPACED.test(before) && !UNSPACED.test(after);
}

/** @param {string} text @param {number} at */
function letterBefore(text, at) {
  return [...text.slice(Math.max(0, at - 2), at)].pop() ?? "";
}

/** @param {string} text @param {number} at */
function letterAt(text, at) {
  return String.fromCodePoint(text.codePointAt(at) ?? 32);
}
