// @ts-check
/** What the page's search and that of a box do alike: they ask, one search after the other, and read around a hit. */

/** How many messages are read around the one that is sought. */
const AROUND = 100;

/**
 * @typedef {import("../client/client.js").ChatClient} Chat
 * @typedef {import("../client/searches.js").Found} Found
 * @typedef {import("../client/room.js").Page} Page
 *
 * @typedef {object} Seeker  is told about the search that was begun last
 * @property {() => void} begun
 * @property {(found: Found, goOn: () => void) => void} found  goOn: search further
 * @property {(error: unknown) => void} failed
 */

export class Asking {
  /** How many searches were begun: an answer counts while its search is the newest. */
  #searches = 0;
  #chat;
  #seeker;

  /** @param {() => Chat} chat @param {Seeker} seeker */
  constructor(chat, seeker) {
    this.#chat = chat;
    this.#seeker = seeker;
  }

  /** @param {string} text @param {string | undefined} room  undefined: all @param {Found["before"]} [before] */
  async search(text, room, before) {
    this.#searches += 1;
    const mine = this.#searches;
    this.#seeker.begun();
    try {
      const found = await this.#chat().search(text, { room, before });
      mine === this.#searches && this.#seeker.found(found, () => this.search(text, room, found.before));
    } catch (error) {
      mine === this.#searches && this.#seeker.failed(error);
    }
  }
}

/** The messages around one, which may be gone. @param {Chat} chat @param {string} room @param {number} number */
export function pageAround(chat, room, number) {
  return chat.history(room, { before: number + AROUND / 2, limit: AROUND });
}

/** @param {Pick<Page, "messages">} page @param {number} number */
export function has({ messages }, number) {
  return messages.some((said) => said.number === number);
}
