// @ts-check
/** Rare things, behind one button: a menu that is made when it is opened, and gone when something was chosen. */

import { made } from "../../dom.js";

/** Between the button and its menu, and between a menu and the window's edge; in pixels. */
const GAP = 4;
const EDGE = 8;
const STEPS = { ArrowDown: 1, ArrowUp: -1 };

/**
 * @typedef {object} Item
 * @property {string} label
 * @property {() => void} act
 * @property {boolean} [isDanger]  it takes something away
 * @property {boolean} [isChecked]  of what is on or off
 */

/** Let a button open a menu. @param {HTMLElement} opener @param {() => Item[]} items  asked each time */
export function givesMenu(opener, items) {
  let wasOpen = false;
  opener.setAttribute("aria-haspopup", "menu");
  opener.setAttribute("aria-expanded", "false");
  // A press outside of a menu closes it, also one on its own button: the click after it opens no other.
  opener.onpointerdown = () => (wasOpen = opener.getAttribute("aria-expanded") === "true");
  opener.onclick = () => {
    wasOpen || open(opener, items());
    wasOpen = false;
  };
}

/** @param {HTMLElement} opener @param {Item[]} items */
function open(opener, items) {
  const menu = made("div", "menu", ...items.map((item) => choice(item, () => menu.hidePopover())));
  menu.role = "menu";
  menu.popover = "auto";
  menu.setAttribute("aria-label", opener.getAttribute("aria-label") ?? opener.textContent ?? "");
  menu.onkeydown = (event) => move(menu, event);
  // Before it goes: a browser finds no way back into a shadow tree, such as that of a box.
  menu.onbeforetoggle = () => {
    menu.matches(":focus-within") && opener.focus({ preventScroll: true });
  };
  menu.ontoggle = (event) => {
    if (/** @type {ToggleEvent} */ (event).newState === "closed") {
      opener.setAttribute("aria-expanded", "false");
      menu.remove();
    }
  };
  // In a log it would be read out as something new.
  (opener.closest("[role=log]") ?? opener).after(menu);
  menu.showPopover();
  place(menu, opener.getBoundingClientRect());
  opener.setAttribute("aria-expanded", "true");
  /** @type {HTMLElement | null} */ (menu.firstElementChild)?.focus();
}

/** @param {Item} item @param {() => void} close */
function choice({ label, act, isDanger = false, isChecked }, close) {
  const result = made("button", isDanger ? "menu-item menu-danger" : "menu-item", label);
  result.type = "button";
  result.role = isChecked === undefined ? "menuitem" : "menuitemcheckbox";
  result.tabIndex = -1;
  isChecked === undefined || result.setAttribute("aria-checked", String(isChecked));
  result.onclick = () => {
    // First: the focus goes back to the button, and what the item does may take it from there.
    close();
    act();
  };
  return result;
}

/** @param {HTMLElement} menu @param {KeyboardEvent} event */
function move(menu, event) {
  const items = /** @type {HTMLElement[]} */ ([...menu.children]);
  const now = items.findIndex((each) => each.matches(":focus"));
  const step = STEPS[/** @type {keyof typeof STEPS} */ (event.key)];
  if (step) {
    items[(now + step + items.length) % items.length]?.focus();
  } else if (event.key === "Home" || event.key === "End") {
    items[event.key === "Home" ? 0 : items.length - 1]?.focus();
  } else if (event.key === "Tab") {
    menu.hidePopover();
    return;
  } else {
    return;
  }
  event.preventDefault();
}

/** Below the button where there is room, else above it; never outside of the window.
 * @param {HTMLElement} menu @param {DOMRect} button
 */
function place(menu, button) {
  const { width, height } = menu.getBoundingClientRect();
  const below = button.bottom + GAP;
  const top = below + height + EDGE <= innerHeight ? below : button.top - GAP - height;
  const left = button.left + width + EDGE <= innerWidth ? button.left : button.right - width;
  menu.style.top = `${Math.max(EDGE, top)}px`;
  menu.style.left = `${Math.max(EDGE, left)}px`;
}
