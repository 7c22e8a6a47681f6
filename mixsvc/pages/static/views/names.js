// @ts-check
/** How a name looks: a colour and a face of its own, the same on each page. */

import { made } from "../dom.js";

/** As many as style.css has. pages/index.py works out the same. */
const HUES = 12;

/** The class that colours a name. @param {string} name */
function hueClass(name) {
  const sum = [...name].reduce((total, letter) => (total * 31 + (letter.codePointAt(0) ?? 0)) % 9973, 0);
  return `hue-${sum % HUES}`;
}

/** The first letter in a circle; nothing for a screen reader. @param {string} name */
export function face(name) {
  const [letter = ""] = name;
  const result = made("span", `face ${hueClass(name)}`, letter.toUpperCase());
  result.setAttribute("aria-hidden", "true");
  return result;
}

/** A name as text, whatever letters and directions are in it. @param {string} name @param {string} classes */
export function written(name, classes) {
  return made("bdi", `${classes} ${hueClass(name)}`, name);
}
