// @ts-check
/** What somebody may do with the messages of a room. Pure. */

/**
 * @typedef {import("../client/room.js").Room} Room
 * @typedef {import("../client/room.js").Said} Said
 */

/** Whether a message may be one's own to edit; the server knows. @param {Said} said @param {{name: string}} self */
export function isEditable(said, self) {
  return said.name === self.name && !said.deleted && !["topic", "answer"].includes(said.kind ?? "");
}

/** Who can be mentioned: those who are inside, and those who have said something.
 * @param {Room | undefined} room @param {string} self
 */
export function namesOf(room, self) {
  const names = new Set([...(room?.members ?? []), ...(room?.messages ?? []).map(({ name }) => name)]);
  names.delete(self);
  return names;
}

/** A text as a quote. @param {string} text */
export function quoted(text) {
  return text.replace(/^/gm, "> ");
}
