// @ts-check
/**
 * Makes a part of the page like new markup, and keeps each element that stays: with it the focus, how far it is
 * scrolled, what is selected in it, and whether it is unfolded.
 */

/** Attributes that are the reader's. */
const READERS = ["open"];

/**
 * Make the attributes and the children of an element those of another one.
 * @param {Element} here @param {Element} wanted
 */
export function patch(here, wanted) {
  patchAttributes(here, wanted);
  const children = [...wanted.childNodes].filter((each) => !isGap(each));
  const kept = takeOut(here, new Set(children.map(keyOf)));
  let place = here.firstChild;
  for (const child of children) {
    const found = match(child, place, kept);
    if (!found) {
      here.insertBefore(document.importNode(child, true), place);
    } else if (found === place) {
      place = place.nextSibling;
      patchNode(found, child);
    } else {
      here.insertBefore(found, place);
      patchNode(found, child);
    }
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

/**
 * Take out what does not stay; returns the elements with keys that do, by key.
 * @param {Element} here @param {Set<string>} wanted
 */
function takeOut(here, wanted) {
  /** @type {Map<string, ChildNode>} */
  const kept = new Map();
  for (const child of [...here.childNodes]) {
    const key = keyOf(child);
    if (isGap(child) || (key && (kept.has(key) || !wanted.has(key)))) {
      child.remove();
    } else if (key) {
      kept.set(key, child);
    }
  }
  return kept;
}

/**
 * What becomes the wanted node: the element with its key, or what stands there if it is of its kind.
 * @param {ChildNode} wanted @param {ChildNode | null} place @param {Map<string, ChildNode>} kept
 */
function match(wanted, place, kept) {
  const key = keyOf(wanted);
  const found = key ? kept.get(key) : place && !keyOf(place) ? place : undefined;
  if (!found || found.nodeName !== wanted.nodeName) {
    return undefined;
  }
  kept.delete(key);
  return found;
}

/** @param {ChildNode} here @param {ChildNode} wanted */
function patchNode(here, wanted) {
  if (here instanceof Element && wanted instanceof Element) {
    patch(here, wanted);
  } else if (here.nodeValue !== wanted.nodeValue) {
    here.nodeValue = wanted.nodeValue;
  }
}

/** @param {Element} here @param {Element} wanted */
function patchAttributes(here, wanted) {
  for (const { name, value } of wanted.attributes) {
    if (!READERS.includes(name) && here.getAttribute(name) !== value) {
      here.setAttribute(name, value);
    }
  }
  for (const { name } of [...here.attributes]) {
    if (!READERS.includes(name) && !wanted.hasAttribute(name)) {
      here.removeAttribute(name);
    }
  }
}

/** What tells an element from those beside it; "" for nothing. @param {Node} node */
function keyOf(node) {
  return node instanceof Element ? (node.getAttribute("data-key") ?? node.id) : "";
}

/** The white space between two lines of a template. @param {Node} node */
function isGap(node) {
  return node.nodeType === Node.TEXT_NODE && /^\s*\n\s*$/.test(node.nodeValue ?? "");
}
