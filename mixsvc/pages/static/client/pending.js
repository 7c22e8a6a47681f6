// @ts-check
/** Promises that wait for an answer of the server, by what they wait for. */

/**
 * @template T
 * @typedef {{resolve: (value: T) => void, reject: (error: Error) => void}} Waiting
 */

/** @template T */
export class Pending {
  /** @type {Map<string, Waiting<T>[]>} */
  #waiting = new Map();

  /** A promise of the next answer. Nobody has to look at it. @param {string} key @returns {Promise<T>} */
  wait(key) {
    /** @type {Promise<T>} */
    const promise = new Promise((resolve, reject) => {
      this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), { resolve, reject }]);
    });
    promise.catch(() => {});
    return promise;
  }

  /** The answer to everybody who waits for it. @param {string} key @param {T} value */
  resolve(key, value) {
    this.#take(key).forEach((each) => each.resolve(value));
  }

  /** @param {string} key @param {Error} error */
  reject(key, error) {
    this.#take(key).forEach((each) => each.reject(error));
  }

  /** The answer to who has waited longest. @param {string} key @returns {Waiting<T> | undefined} */
  next(key) {
    return this.#waiting.get(key)?.shift();
  }

  /** @param {Error} error */
  rejectAll(error) {
    [...this.#waiting.keys()].forEach((key) => this.reject(key, error));
  }

  /** @param {string} key */
  #take(key) {
    const found = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    return found;
  }
}
