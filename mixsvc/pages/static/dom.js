// @ts-check
/** Small helpers around the page's elements. What others wrote goes in as text, never as markup. */

/**
 * The page's element with this id; TypeError where the template has none.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function element(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) {
    throw new TypeError(`the page has no ${type.name} #${id}`);
  }
  return found;
}

/**
 * A new element; strings become text nodes.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} classes
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function made(tag, classes, ...children) {
  const result = document.createElement(tag);
  result.className = classes;
  result.append(...children);
  return result;
}

/** A button that submits no form. @param {string} classes @param {string} text @param {() => void} call */
export function button(classes, text, call) {
  const result = made("button", classes, text);
  result.type = "button";
  result.onclick = call;
  return result;
}

/** The buttons that a selector finds. @param {string} selector @returns {HTMLButtonElement[]} */
export function buttons(selector) {
  return [...document.querySelectorAll(selector)].flatMap((each) => (each instanceof HTMLButtonElement ? [each] : []));
}

/** @param {HTMLFormElement} form @param {() => void} call */
export function onSubmit(form, call) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    call();
  });
}

/** Set a text, and leave the element alone where it has it: nothing is announced twice.
 * @param {HTMLElement} where @param {string} text
 */
export function setText(where, text) {
  if (where.textContent !== text) {
    where.textContent = text;
  }
}

/** Give the focus to what Tab need not come to. @param {HTMLElement} place */
export function focusOn(place) {
  place.tabIndex < 0 && (place.tabIndex = -1);
  place.focus({ preventScroll: true });
}

/**
 * A parent whose children follow a list. The element of an entry that stays is kept, and with it the focus in it.
 * @template {{id: string}} E
 */
export class KeyedList {
  /** @type {Map<string, HTMLElement>} */
  #kept = new Map();
  #parent;
  #make;
  #update;

  /**
   * @param {HTMLElement} parent  whatever is in it already goes at the first show()
   * @param {(entry: E) => HTMLElement} make
   * @param {(made: HTMLElement, entry: E) => void} [update]  called at each show(), for new elements, too
   */
  constructor(parent, make, update = () => {}) {
    this.#parent = parent;
    this.#make = make;
    this.#update = update;
  }

  /** Make the children those of the entries, in their order. @param {readonly E[]} entries  each id once */
  show(entries) {
    const before = this.#kept;
    this.#kept = new Map(entries.map((entry) => [entry.id, before.get(entry.id) ?? this.#make(entry)]));
    const staying = new Set(this.#kept.values());
    for (const child of [...this.#parent.children]) {
      staying.has(/** @type {HTMLElement} */ (child)) || child.remove();
    }
    let place = this.#parent.firstElementChild;
    for (const entry of entries) {
      const child = /** @type {HTMLElement} */ (this.#kept.get(entry.id));
      if (child === place) {
        place = place.nextElementSibling;
      } else {
        this.#parent.insertBefore(child, place);
      }
      this.#update(child, entry);
    }
  }
}
