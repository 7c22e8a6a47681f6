// @ts-check
/** Who a guest is in this window: the same in all widgets of one chat, and after a reload. */

import { randomText } from "../client/client.js";
import { json } from "../client/json.js";

const KEY = "mix-chat-guest";

/** @typedef {{name: string, secret: string}} Guest */

/** @type {Map<string, Guest>} */
const guests = new Map();
/** Who is told that a guest has taken a name. @type {Set<(url: string) => void>} */
const followers = new Set();

/** Returns what ends it. @param {(url: string) => void} follower */
export function followGuests(follower) {
  followers.add(follower);
  return () => followers.delete(follower);
}

/** @param {string} url  of the chat @returns {Guest} name: "" before one was chosen */
export function guestOf(url) {
  const known = guests.get(url) ?? stored(url) ?? { name: "", secret: randomText() };
  guests.set(url, known);
  return known;
}

/** @param {string} url @param {string} name */
export function rememberGuest(url, name) {
  const guest = { ...guestOf(url), name };
  guests.set(url, guest);
  try {
    sessionStorage.setItem(`${KEY} ${url}`, json(guest));
  } catch {
    // The browser keeps nothing for this site.
  }
  followers.forEach((follower) => follower(url));
}

/** @param {string} url @returns {Guest | null} */
function stored(url) {
  try {
    const { name, secret } = JSON.parse(sessionStorage.getItem(`${KEY} ${url}`) ?? "null");
    return typeof name === "string" && typeof secret === "string" ? { name, secret } : null;
  } catch {
    return null;
  }
}
