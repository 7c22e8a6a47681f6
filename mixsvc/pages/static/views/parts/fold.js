// @ts-check
/** The rates can be folded away. A choice is kept for the next visit; without one the window's width decides. */

import { element, setText } from "../../dom.js";
import { remember, remembered } from "../memory.js";

/** As style.css has it: where all three parts have room. */
const WIDE = matchMedia("(min-width: 72rem)");

const app = element("app", HTMLElement);
const button = element("fold", HTMLButtonElement);
let chosen = remembered().rates;

export function beginFold() {
  button.hidden = false;
  button.onclick = () => {
    chosen = isOpen() ? "closed" : "open";
    remember({ rates: chosen });
    show();
  };
  WIDE.addEventListener("change", show);
  show();
}

function isOpen() {
  return chosen ? chosen === "open" : WIDE.matches;
}

function show() {
  chosen && (app.dataset["rates"] = chosen);
  button.setAttribute("aria-expanded", String(isOpen()));
  setText(button, isOpen() ? "Hide rates" : "Show rates");
}
