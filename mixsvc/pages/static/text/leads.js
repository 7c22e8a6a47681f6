// @ts-check
/** Whether the text of a link could be read as an address where the link does not lead. Pure. */

/** How much of the text around a link is looked at, in characters. */
const AROUND = 300;
/** What nobody reads on over. */
const BETWEEN = /[\s,;!?()[\]{}<>"“”]/u;
/** What nobody sees, or hardly: without it an address is the same to a reader. */
const UNSEEN = /[\p{DI}\u2000-\u200a\u202f\u205f]|(?!\s)\p{C}/gu;
/** What shows letters in another order than they are in. */
const TURNING = /\p{Bidi_C}/u;
/** What looks like the dot of an address; an ideographic full stop does between Latin letters. */
const DOTS = /[\u0660\u06f0\u0701\u0702\ua4f8\ua60e\u{10a50}]|\u{1d16d}|(?<=[a-z\d])。(?=[a-z])/gu;
/** A scheme with what follows it, a name with a dot in it, or four numbers. */
const LIKE_ADDRESS = /:\/\/\S|[^\s.]\.\p{L}[\p{L}\p{M}\p{N}-]|\d\.\d+\.\d+\.\d/u;
const PART = "[\\p{L}\\p{M}\\p{N}_-]";

/** What can be seen of a text. @param {string} text */
export function seen(text) {
  return text.replace(UNSEEN, "");
}

/** Where a link leads, for a reader. @param {HTMLAnchorElement} anchor */
export function destination({ host, pathname, protocol }) {
  return host || pathname || protocol;
}

/** @param {string} text @param {number} begin  of the link's own text, which is read with what touches it
 * @param {number} end @param {HTMLAnchorElement} anchor
 */
export function mayMislead(text, begin, end, { hostname, pathname }) {
  const before = seen(text.slice(Math.max(0, begin - AROUND), begin)).split(BETWEEN).pop();
  const behind = seen(text.slice(end, end + AROUND)).split(BETWEEN, 1)[0];
  const own = text.slice(begin, end);
  const read = `${before}${seen(own)}${behind}`.normalize("NFKC").toLowerCase().replace(DOTS, ".");
  return TURNING.test(own) || LIKE_ADDRESS.test(without((hostname || pathname).toLowerCase(), read));
}

/** A text without a host, and without the path that follows it. @param {string} host @param {string} text */
function without(host, text) {
  const spelled = host.replace(/\W/g, (each) => `\\u{${each.charCodeAt(0).toString(16)}}`);
  const found = new RegExp(`(?<!${PART}|\\.)${spelled}(?!\\.?${PART})(?::\\d+)?(?:[/?#]\\S*)?`, "gu");
  return host ? text.replace(found, " ") : text;
}
