// @ts-check
/**
 * A chat box for any page: <mix-chat room="lobby"></mix-chat>; docs/how-to/widget.md.
 *
 * Attributes: room, url (of the chat; without it, where this module comes from), lang, theme (light or dark).
 * Properties: token, a function that brings a token before each connection; client, the ChatClient.
 */

import { json } from "../client/json.js";
import { Box } from "./box.js";
import { styleSheet } from "./style.js";
import { texts, Words } from "./texts.js";

export * from "../client/client.js";
export { texts };

/** @typedef {import("../client/client.js").Identify} Identify */

/** A document takes only style sheets of its own. @type {WeakMap<Document, CSSStyleSheet>} */
const sheets = new WeakMap();

export class MixChat extends HTMLElement {
  static observedAttributes = ["room", "url", "lang"];
  /** @type {Box | null} */
  #box = null;
  /** @type {Identify | null} */
  #token = null;
  /** How often it was set. */
  #tokens = 0;
  #root = this.attachShadow({ mode: "open" });
  #isScheduled = false;

  constructor() {
    super();
    this.adoptedCallback();
  }

  /** It is in another document than before, such as that of a frame. */
  adoptedCallback() {
    const { defaultView } = this.ownerDocument;
    if (defaultView) {
      const sheet = sheets.get(this.ownerDocument) ?? styleSheet(defaultView);
      sheets.set(this.ownerDocument, sheet);
      this.#root.adoptedStyleSheets = [sheet];
    }
  }

  /** Brings a token before each connection; null where a session says who it is, or nothing does. */
  get token() {
    return this.#token;
  }

  /** Whoever sets it means: find out now who I am, be it the same function as before. */
  set token(token) {
    this.#token = token ?? null;
    this.#tokens += 1;
    this.#restart();
  }

  /** The client of the box; null while the element is in no page. */
  get client() {
    return this.#box?.client ?? null;
  }

  connectedCallback() {
    // A page may have set it before this module was there.
    if (Object.hasOwn(this, "token")) {
      const { token } = this;
      Reflect.deleteProperty(this, "token");
      this.token = token;
    }
    this.#box?.moved();
    this.#restart();
  }

  disconnectedCallback() {
    this.#restart();
  }

  attributeChangedCallback() {
    this.#restart();
  }

  /** Once for all that a page sets in one turn; an element that is only moved stays connected. */
  #restart() {
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      afterScripts(() => this.#start());
    }
  }

  #start() {
    this.#isScheduled = false;
    const wanted = this.isConnected ? this.#settings : "";
    if (wanted === this.#shown) {
      return;
    }
    this.#box?.close();
    this.#box = null;
    this.#root.replaceChildren();
    this.#shown = wanted;
    if (wanted) {
      const [url, room, lang] = /** @type {[string, string, string]} */ (JSON.parse(wanted));
      this.#box = new Box(new Words(lang), { url, room, token: this.#token });
      this.#root.append(this.#box.element);
      this.#box.open();
    }
  }

  /** What is shown; "" for nothing. */
  #shown = "";

  get #settings() {
    // One chat has one name, by which what is kept of it is found.
    const url = new URL(this.getAttribute("url") ?? here(), document.baseURI).href.replace(/\/+$/, "");
    const lang = langOf(this) || navigator.language;
    return json([url, this.getAttribute("room") ?? "lobby", lang, this.#tokens]);
  }
}

/** The language of an element, in shadow trees, too; "" for none. @param {Element} element @returns {string} */
function langOf(element) {
  const found = element.closest("[lang]");
  const { host } = /** @type {Partial<ShadowRoot>} */ (element.getRootNode());
  return found?.getAttribute("lang") ?? (host ? langOf(host) : "");
}

/** Call when the scripts of the page have run that may set a token. @param {() => void} call */
function afterScripts(call) {
  const [loading] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
  if (document.readyState === "complete" || (loading && loading.domContentLoadedEventStart > 0)) {
    setTimeout(call);
  } else {
    addEventListener("DOMContentLoaded", () => setTimeout(call), { once: true });
  }
}

/** The chat that this module comes from; without a bundle it is below /src. */
function here() {
  return new URL(".", import.meta.url).href.replace(/src\/widget\/$/, "");
}

customElements.get("mix-chat") ?? customElements.define("mix-chat", MixChat);
