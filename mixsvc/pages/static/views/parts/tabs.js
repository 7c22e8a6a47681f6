// @ts-check
/** On a small screen one part of the page is seen at a time. */

import { buttons, element } from "../../dom.js";

const app = element("app", HTMLElement);
const tabs = buttons(".tabs button");

/** @param {string} part */
export function showPart(part) {
  app.dataset["show"] = part;
  for (const tab of tabs) {
    tab.setAttribute("aria-pressed", String(tab.dataset["show"] === part));
  }
}

/** Without scripts all parts are seen, one below the other. */
export function beginTabs() {
  for (const tab of tabs) {
    tab.onclick = () => showPart(tab.dataset["show"] ?? "talk");
  }
  document.querySelector(".tabs")?.removeAttribute("hidden");
  showPart("talk");
}
