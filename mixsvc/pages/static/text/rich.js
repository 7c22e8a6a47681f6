// @ts-check
/** The text of a message as elements: addresses, mentions, and light Markdown. Never the sender's markup. */

import { made } from "../dom.js";
import { destination, mayMislead, seen } from "./leads.js";
import { link, safeUrl, withLinks } from "./links.js";

/** What may be Markdown: most texts are not, and need no parser. */
const MAYBE = /`|\]\(|[*_]\S|^ {0,3}\\?>/m;
/** Longer texts are shown as they were typed: a setting allows them, and nobody shall wait for the parser. */
const LONGEST = 20_000;
/** How deep elements are in elements. */
const DEEPEST = 20;

/**
 * @typedef {import("markdown-it").Token} Token
 * @typedef {import("./mentions.js").Names} Names
 * @typedef {typeof import("./markdown.js").parsed} Parse
 */

/** @type {Parse | null} */
let parse = null;
/** @type {Promise<void> | null} */
let loading = null;
/** @type {Set<() => void>} */
const waiting = new Set();

/** Put a text into an element, and once more when the parser has come that it needs.
 * @param {HTMLElement} place
 * @param {string} text
 * @param {Names} names  that may be mentioned
 * @param {() => void} changed  called where the element changes later
 */
export function showText(place, text, names, changed) {
  if (!needsParser(text)) {
    place.replaceChildren(...plain(text, names));
  } else if (parse) {
    place.replaceChildren(...rendered(parse(text, names), names));
  } else {
    place.replaceChildren(...plain(text, names));
    waiting.add(() => {
      showText(place, text, names, changed);
      changed();
    });
    loading ??= load();
  }
}

/** Wait until a text can be read as it is shown, or the parser that it needs cannot come. @param {string} text */
export async function parserFor(text) {
  if (!isReadable(text)) {
    await (loading ??= load());
  }
}

/** Whether a text can be read now as it is shown. @param {string} text */
export function isReadable(text) {
  return parse !== null || !needsParser(text);
}

/** @param {string} text */
function needsParser(text) {
  return MAYBE.test(text) && text.length <= LONGEST;
}

async function load() {
  try {
    parse = (await import("./markdown.js")).parsed;
  } catch {
    // Without it texts stay as they were typed. The next one tries again where a connection was missing.
    loading = null;
  }
  const all = [...waiting];
  waiting.clear();
  parse && all.forEach((each) => each());
}

/** Addresses and mentions, and the rest as it is. @param {string} text @param {Names} names */
function plain(text, names) {
  return withLinks(text, (between) => withMentions(between, names));
}

/** @param {string} text @param {Names} names */
function withMentions(text, names) {
  /** @type {(Node | string)[]} */
  const parts = [];
  let end = 0;
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    const length = at < end ? 0 : names.lengthAt(text, at);
    if (length > 0) {
      const next = at + 1 + length;
      parts.push(text.slice(end, at), mention(text.slice(at, next), names));
      end = next;
    }
  }
  return [...parts, text.slice(end)].filter((part) => part !== "");
}

/** @param {string} shown  with its @ @param {Names} names */
function mention(shown, names) {
  return made("bdi", names.isSelf(shown.slice(1)) ? "mention me-mentioned" : "mention", shown);
}

/** @param {Token[]} tokens @param {Names} names @returns {Node[]} */
function rendered(tokens, names) {
  const tree = new Tree();
  for (const token of tokens) {
    if (token.type === "inline") {
      token.children?.forEach((child) => inline(tree, child, names));
      tree.endText();
    } else if (token.type === "fence") {
      tree.add(fenced(token.content));
    } else if (token.type === "blockquote_open") {
      tree.open(made("blockquote", ""));
    } else if (token.type === "blockquote_close") {
      tree.close();
    }
  }
  return tree.done();
}

/** @type {Record<string, (tree: Tree, token: Token, names: Names) => void>} */
const INLINE = {
  text: (tree, { content }) => tree.add(content),
  code_inline: (tree, { content }) => tree.add(made("code", "", content)),
  address: (tree, { content }) => tree.add(addressed(content)),
  mention: (tree, { content }, names) => tree.add(mention(content, names)),
  strong_open: (tree) => tree.open(made("strong", "")),
  em_open: (tree) => tree.open(made("em", "")),
  link_open: (tree, token) => tree.open(linked(token)),
  strong_close: (tree) => tree.close(),
  em_close: (tree) => tree.close(),
  link_close: (tree) => tree.closeLink(),
};

/** @param {Tree} tree @param {Token} token @param {Names} names */
function inline(tree, token, names) {
  if (Object.hasOwn(INLINE, token.type)) {
    INLINE[token.type]?.(tree, token, names);
  }
}

/** @param {string} content */
function fenced(content) {
  const result = made("pre", "", made("code", "", content.replace(/\n$/, "")));
  // Long lines are scrolled to, by the keyboard, too.
  result.tabIndex = 0;
  return result;
}

/** @param {string} shown */
function addressed(shown) {
  const url = safeUrl(shown);
  return url ? link(url, shown) : shown;
}

/** @param {Token} token */
function linked(token) {
  const url = safeUrl(String(token.attrGet("href")));
  return url ? link(url) : made("span", "");
}

/** Elements in the order of their tokens. */
class Tree {
  /** @type {HTMLElement[]} */
  #open = [made("div", "")];
  #excess = 0;
  /** What was written since the last block, and the links in it: from where to where. */
  #text = "";
  /** @type {{anchor: HTMLAnchorElement, begin: number, end: number}[]} */
  #links = [];

  /** @param {Node | string} child */
  add(child) {
    if (child) {
      this.#top.append(child);
      this.#text += typeof child === "string" ? child : child.textContent;
    }
  }

  /** @param {HTMLElement} element */
  open(element) {
    if (this.#open.length > DEEPEST) {
      this.#excess += 1;
    } else {
      this.#top.append(element);
      this.#open.push(element);
    }
  }

  close() {
    if (this.#excess > 0) {
      this.#excess -= 1;
    } else if (this.#open.length > 1) {
      this.#open.pop();
    }
  }

  /** A link shows where it leads if it has no text to be seen. */
  closeLink() {
    const top = this.#top;
    this.close();
    if (top instanceof HTMLAnchorElement) {
      const text = top.textContent ?? "";
      if (seen(text).trim()) {
        this.#links.push({ anchor: top, begin: this.#text.length - text.length, end: this.#text.length });
      } else {
        top.replaceChildren(top.href);
      }
    }
  }

  /** A link whose text looks like another address, with what touches it or by itself, says where it leads. */
  endText() {
    for (const { anchor, begin, end } of this.#links) {
      if (mayMislead(this.#text, begin, end, anchor)) {
        anchor.after(made("small", "leads", ` (${destination(anchor)})`));
      }
    }
    this.#text = "";
    this.#links = [];
  }

  done() {
    return [.../** @type {HTMLElement} */ (this.#open[0]).childNodes];
  }

  get #top() {
    return /** @type {HTMLElement} */ (this.#open[this.#open.length - 1]);
  }
}
