// @ts-check
/**
 * Light Markdown: code, fences, bold, italics, quotes and links; everything else is what was typed, line by line.
 *
 * markdown-it parses: its rules that are on, and ours in place of those that take more for Markdown than people mean in
 * a chat. It never makes markup; rich.js makes elements of the tokens. Loaded when a text needs it first.
 */

// @ts-ignore: the file comes from npm, and a checkout without npm has none.
import MarkdownIt from "../vendor/markdown-it.js";
import { addressAt, safeUrl } from "./links.js";

/** How deep quotes are in quotes, at most; those that are deeper are what was typed. */
const MOST_QUOTES = 5;
/** Longer runs of * and _ are no marks. */
const LONGEST_RUN = 3;
const STAR = 42;
/** How far a backslash protects. */
const PROTECTED = 300;

/** Letters of scripts without spaces between the words: there a mark may stand inside of a word. */
const UNSPACED = "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}\\p{Script=Thai}";
/** An emoji is no letter of a word; what it ends with may be a variation selector, or the box around a digit. */
const EMOJI = "\\p{Emoji_Presentation}\\p{Extended_Pictographic}";
const EMOJI_END = `${EMOJI}\\ufe0f\\u20e3`;
/** What stands before a mark that opens, and behind one that closes: `2*3*4`, `'*.c'` and `src/**` are as typed. */
const BEFORE = new RegExp(`(?:^|[\\s${UNSPACED}${EMOJI_END}*_~([{"'“„‘«‹¿¡（「『：，、。！？；—–-])$`, "u");
const BEHIND = new RegExp(
  `^(?:$|[\\s${UNSPACED}${EMOJI}*_~,;:!?…)\\]}"'”’»›）」』。，、！？；：—–]|\\.(?![\\p{L}\\p{N}*]))`,
  "u",
);
/** A line of a quote; not >.<, >= or >>>. */
const QUOTE = /^ {0,3}>(?:$| |(?=[\p{L}\p{N}"'“„«]))/u;
const QUOTED_LINE = /^ {0,3}> ?/;
/** No mark opens before these, nor closes behind them: globs and programs have them there. */
const NOT_INSIDE = "\\s/.,;:=<>|&\\\\";
const INTO = new RegExp(`^[^${NOT_INSIDE})\\]}]`, "u");
const OUT_OF = new RegExp(`[^${NOT_INSIDE.replace(".,;:", "")}([{]$`, "u");
/** A mark with a backslash, and a link or a quote that has one before it. */
const PROTECTING = /\\[*_`](?:\\?[*_`]){0,2}/y;
const NO_LINK = /\\\[[^\]\n]{0,300}\]\([^)\s]{0,2000}\)/y;

/**
 * @typedef {import("markdown-it").MarkdownIt} Markdown
 * @typedef {import("markdown-it").Token} Token
 * @typedef {{lengthAt: (text: string, at: number) => number}} Mentioned
 * @typedef {any} State  markdown-it's, of its inline or block parser
 */

const parser = madeParser();

/** The tokens of a text. @param {string} text @param {Mentioned} names @returns {Token[]} */
export function parsed(text, names) {
  return parser.parse(text, { names, quotes: 0 });
}

/** @returns {Markdown} */
function madeParser() {
  /** @type {Markdown} */
  const markdown = new (/** @type {any} */ (MarkdownIt))("zero", { maxNesting: 20 });
  markdown.validateLink = (url) => safeUrl(url) !== null;
  markdown.normalizeLink = (url) => url;
  markdown.enable(["fence", "emphasis", "link"]);
  const { block, inline } = /** @type {any} */ (markdown);
  const fence = block.ruler.getRules("").at(0);
  block.ruler.at("fence", (/** @type {State} */ ...all) => hasFence(all[0], all[1], all[2]) && fence(...all));
  block.ruler.before("paragraph", "quote", quote);
  block.ruler.at("paragraph", lines(fence));
  inline.ruler.at("emphasis", emphasis);
  inline.ruler.before("emphasis", "protected", protectedMark);
  inline.ruler.before("emphasis", "code", code);
  inline.ruler.before("emphasis", "address", address);
  inline.ruler.before("emphasis", "mention", mention);
  inline.ruler.before("emphasis", "line_end", lineEnd);
  return markdown;
}

/** @param {State} state @param {number} line */
function lineOf(state, line) {
  return state.src.slice(state.bMarks[line], state.eMarks[line]);
}

/** Whether a fence begins here: of backticks, and with a line behind it.
 * @param {State} state @param {number} line @param {number} end
 */
function hasFence(state, line, end) {
  return line + 1 < end && lineOf(state, line).trimStart().startsWith("```");
}

/** @param {State} state @param {number} line */
function hasQuote(state, line) {
  return state.env.quotes < MOST_QUOTES && QUOTE.test(lineOf(state, line));
}

/** A quote is the lines that begin with > and no other.
 * @param {State} state @param {number} start @param {number} end
 */
function quote(state, start, end) {
  if (!hasQuote(state, start)) {
    return false;
  }
  let line = start;
  const inside = [];
  while (line < end && QUOTED_LINE.test(lineOf(state, line))) {
    inside.push(lineOf(state, line).replace(QUOTED_LINE, ""));
    line += 1;
  }
  state.push("blockquote_open", "blockquote", 1);
  state.env.quotes += 1;
  state.md.block.parse(inside.join("\n"), state.md, state.env, state.tokens);
  state.env.quotes -= 1;
  state.push("blockquote_close", "blockquote", -1);
  state.line = line;
  return true;
}

/** What is no fence and no quote, with its blank lines and its indents. @param {(...all: any[]) => boolean} fence */
function lines(fence) {
  return (/** @type {State} */ state, /** @type {number} */ start, /** @type {number} */ end) => {
    const ends = (/** @type {number} */ line) =>
      hasQuote(state, line) || (hasFence(state, line, end) && fence(state, line, end, true));
    let line = start + 1;
    while (line < end && !ends(line)) {
      line += 1;
    }
    const token = state.push("inline", "", 0);
    token.content = state.src.slice(state.bMarks[start], state.eMarks[line - 1]).replace(/\s+$/u, "");
    token.children = [];
    state.line = line;
    return true;
  };
}

/** Bold and italics. @param {State} state @param {boolean} silent */
function emphasis(state, silent) {
  const { src, pos } = state;
  const mark = src.charAt(pos);
  if (silent || (mark !== "*" && mark !== "_")) {
    return false;
  }
  let end = pos;
  while (end < state.posMax && src.charAt(end) === mark) {
    end += 1;
  }
  const length = end - pos;
  const [open, close] = [opens(src, pos, end), closesIn(state, end)];
  if (length > LONGEST_RUN) {
    state.pending += src.slice(pos, end);
  } else {
    for (let index = 0; index < length; index += 1) {
      state.push("text", "", 0).content = mark;
      const delimiter = { marker: mark.charCodeAt(0), length, token: state.tokens.length - 1, end: -1, open, close };
      state.delimiters.push(delimiter);
    }
  }
  state.pos = end;
  return true;
}

/** Whether the mark between these places may begin something.
 * @param {string} src @param {number} pos @param {number} end
 */
function opens(src, pos, end) {
  return BEFORE.test(src.slice(Math.max(0, pos - 2), pos)) && INTO.test(src.slice(end, end + 2));
}

/** @param {string} src @param {number} pos @param {number} end */
function closes(src, pos, end) {
  return OUT_OF.test(src.slice(Math.max(0, pos - 2), pos)) && BEHIND.test(src.slice(end, end + 3));
}

/** Whether the mark that a parser is at may end something: behind an address, too, such as one that ends with a slash.
 * @param {State} state @param {number} end
 */
function closesIn({ src, pos, pending, tokens }, end) {
  const isBehindAddress = pending === "" && tokens.at(-1)?.type === "address";
  return isBehindAddress ? BEHIND.test(src.slice(end, end + 3)) : closes(src, pos, end);
}

/** A single * is for what stands in one line, and so is _. @param {State} state @param {boolean} silent */
function lineEnd(state, silent) {
  if (state.src.charAt(state.pos) !== "\n") {
    return false;
  }
  if (!silent) {
    state.pending += "\n";
    for (const each of state.delimiters) {
      each.open &&= each.length > 1 && each.marker === STAR;
    }
  }
  state.pos += 1;
  return true;
}

/** A backslash that keeps something from being Markdown goes; any other is a backslash.
 * @param {State} state @param {boolean} silent
 */
function protectedMark(state, silent) {
  if (state.src.charAt(state.pos) !== "\\") {
    return false;
  }
  const found = protectedText(state.src.slice(0, state.posMax), state.pos);
  if (found && !silent) {
    state.pending += found.replace(/\\(?=[*_`>[])/g, "");
  }
  state.pos += found.length;
  return found !== "";
}

/** @param {string} src @param {number} pos  where the backslash is @returns {string} "" where it protects nothing */
function protectedText(src, pos) {
  NO_LINK.lastIndex = PROTECTING.lastIndex = pos;
  const line = src.slice(pos, pos + PROTECTED).split("\n", 1)[0] ?? "";
  if (NO_LINK.test(src) || (QUOTE.test(line.slice(1)) && isAtBegin(src, pos))) {
    return src.slice(pos, pos + 2);
  }
  const opening = PROTECTING.exec(src)?.[0] ?? "";
  const end = opening && opens(src, pos, pos + opening.length) ? protectedEnd(line, opening) : 0;
  return line.slice(0, end);
}

/** @param {string} src @param {number} pos */
function isAtBegin(src, pos) {
  return /(?:^|\n) {0,3}$/.test(src.slice(Math.max(0, pos - 4), pos)) || pos === 0;
}

/** Where the marks close that a line begins with; 0: nowhere. @param {string} line @param {string} opening */
function protectedEnd(line, opening) {
  const marks = [...opening.replaceAll("\\", "")].map((mark) => `\\\\?\\${mark}`).join("");
  for (const { 0: closing, index } of line.matchAll(new RegExp(marks, "g"))) {
    const end = index + closing.length;
    if (index > opening.length && (closes(line, index, end) || closesAddress(line, index, end))) {
      return end;
    }
  }
  return 0;
}

/** See closesIn, for what no parser has read yet. @param {string} line @param {number} pos @param {number} end */
function closesAddress(line, pos, end) {
  const before = line.slice(0, pos);
  const begin = before.search(/(?<![a-z0-9_])https?:\S*$/i);
  return begin >= 0 && addressAt(before, begin).length === pos - begin && BEHIND.test(line.slice(end, end + 3));
}

/** Code in a line; with two backticks or more, over lines. @param {State} state @param {boolean} silent */
function code(state, silent) {
  const { src, pos, posMax } = state;
  const mark = /^`+/.exec(src.slice(pos, posMax))?.[0] ?? "";
  if (!mark) {
    return false;
  }
  const begin = pos + mark.length;
  const rest = src.slice(begin, posMax);
  const within = mark.length === 1 ? (rest.split("\n", 1)[0] ?? "") : rest;
  const closing = [...within.matchAll(/`+/g)].find((each) => each[0].length === mark.length);
  if (!silent && closing) {
    const content = within.slice(0, closing.index);
    state.push("code_inline", "code", 0).content = content.replace(/^ ([^]*\S[^]*) $/, "$1");
  } else if (!silent) {
    state.pending += mark;
  }
  state.pos = begin + (closing ? closing.index + mark.length : 0);
  return true;
}

/** An address, in which nothing is a mark. @param {State} state @param {boolean} silent */
function address(state, silent) {
  if (state.src.charAt(state.pos) !== ":" || state.linkLevel > 0) {
    return false;
  }
  const scheme = /(?<![a-z0-9_])https?$/i.exec(state.src.slice(Math.max(0, state.pos - 7), state.pos))?.[0] ?? "";
  const begin = state.pos - scheme.length;
  const shown = scheme ? addressAt(state.src.slice(0, state.posMax), begin) : "";
  if (!safeUrl(shown) || (!silent && !state.pending.endsWith(scheme))) {
    return false;
  }
  if (!silent) {
    state.pending = state.pending.slice(0, -scheme.length);
    state.push("address", "a", 0).content = shown;
  }
  state.pos = begin + shown.length;
  return true;
}

/** @param {State} state @param {boolean} silent */
function mention(state, silent) {
  if (state.src.charAt(state.pos) !== "@" || state.linkLevel > 0) {
    return false;
  }
  const length = state.env.names.lengthAt(state.src, state.pos);
  if (length > 0 && !silent) {
    state.push("mention", "b", 0).content = state.src.slice(state.pos, state.pos + 1 + length);
  }
  state.pos += length && length + 1;
  return length > 0;
}
