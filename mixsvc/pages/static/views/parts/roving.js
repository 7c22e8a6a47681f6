// @ts-check
/** Many buttons of one kind in a list: Tab comes to one of them, the arrows go from one to the next. */

/**
 * @param {HTMLElement} list
 * @param {string} selector  of the buttons
 * @returns {() => void} to be called when others are there
 */
export function roving(list, selector) {
  const all = () => /** @type {HTMLElement[]} */ ([...list.querySelectorAll(selector)]);
  const choose = (/** @type {HTMLElement | undefined} */ chosen) => {
    list.querySelectorAll(`${selector}[tabindex="0"]`).forEach((each) => each.setAttribute("tabindex", "-1"));
    chosen && (chosen.tabIndex = 0);
  };
  list.addEventListener("focusin", ({ target }) => {
    target instanceof HTMLElement && target.matches(selector) && choose(target);
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const { target } = event;
    if (step && target instanceof HTMLElement && target.matches(selector)) {
      const buttons = all();
      buttons[buttons.indexOf(target) + step]?.focus();
      event.preventDefault();
    }
  });
  return () => list.querySelector(`${selector}:focus`) ?? choose(all().pop());
}
