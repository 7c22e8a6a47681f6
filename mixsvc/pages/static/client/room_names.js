// @ts-check
/** Names that no room can have: the server reads them as other ones, or does not say which room its refusal is of. */

import { ChatError } from "./errors.js";

/** The server's words. */
const RULE = "A room's name has 1 to 32 letters, digits and - _ . and begins with a letter or a digit.";
/** So many characters it reads, so that it can tell which room is meant by a name that is not quite right. */
const LONGEST = 64;

/** Why a room cannot be asked for; null where it can. @param {string} name @returns {ChatError | null} */
export function refusalOf(name) {
  const isText = typeof name === "string" && !/\p{Surrogate}/u.test(name);
  return isText && [...name].length <= LONGEST ? null : new ChatError("bad_room", RULE, { room: String(name) });
}
