// @ts-check
/** Fetches the live part again and again, while somebody looks, and says since when there is no answer. */

import { element, setText } from "../dom.js";
import { patch } from "./patch.js";

const EVERY_MS = 2_000;
const LONGEST_MS = 30_000;
const ANSWER_MS = 10_000;

/** The parts of the page that are replaced. */
const PARTS = ["tiles", "cards"];

export class Live {
  #state = element("state", HTMLElement);
  #pause = element("pause", HTMLButtonElement);
  #refresh = element("refresh", HTMLAnchorElement);
  #version = document.querySelector("main")?.dataset["version"] ?? "";
  #answered;
  #isPaused = false;
  #isAsking = false;
  #failures = 0;
  /** When the first of the failures was. */
  #lostAt = "";
  #timer = 0;

  /** @param {() => void} answered  called after each answer */
  constructor(answered) {
    this.#answered = answered;
  }

  start() {
    this.#pause.hidden = false;
    this.#pause.onclick = () => this.#setPaused(!this.#isPaused);
    this.#refresh.addEventListener("click", (event) => {
      // A link to what is new; but where only the numbers are, they come without losing one's place.
      if (!this.#refresh.dataset["new"]) {
        event.preventDefault();
        this.askNow();
      }
    });
    document.addEventListener("visibilitychange", () => this.#wait(0));
    addEventListener("online", () => this.#wait(0));
    this.askNow();
  }

  /** Ask at once, also while it is paused. */
  askNow() {
    clearTimeout(this.#timer);
    return this.#ask();
  }

  /** @param {boolean} isPaused */
  #setPaused(isPaused) {
    this.#isPaused = isPaused;
    this.#pause.setAttribute("aria-pressed", String(isPaused));
    if (isPaused) {
      clearTimeout(this.#timer);
      this.#tell("connecting", `Paused at ${timeOfDay()}`);
    } else {
      this.askNow();
    }
  }

  /** Ask in so many milliseconds, if somebody looks then. @param {number} wait */
  #wait(wait) {
    clearTimeout(this.#timer);
    if (!this.#isPaused && !document.hidden) {
      this.#timer = setTimeout(() => this.#ask(), wait);
    }
  }

  async #ask() {
    if (this.#isAsking) {
      return;
    }
    this.#isAsking = true;
    try {
      await this.#fetch();
      this.#failures = 0;
      this.#tell(this.#isPaused ? "connecting" : "online", this.#isPaused ? `Paused at ${timeOfDay()}` : "Live");
    } catch {
      this.#fail();
    }
    this.#isAsking = false;
    this.#wait(Math.min(LONGEST_MS, EVERY_MS * 2 ** this.#failures));
  }

  async #fetch() {
    const answer = await fetch("window/live", { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
    if (answer.status === 403) {
      // The log-in has ended: the page asks for the token.
      location.reload();
    }
    if (!answer.ok) {
      throw new Error(String(answer.status));
    }
    const found = new DOMParser().parseFromString(await answer.text(), "text/html");
    const focused = document.activeElement;
    for (const id of PARTS) {
      const wanted = found.getElementById(id);
      wanted && patch(element(id, HTMLElement), wanted);
    }
    // An element that was moved has lost it.
    if (focused instanceof HTMLElement && focused.isConnected && document.activeElement !== focused) {
      focused.focus({ preventScroll: true });
    }
    this.#noteVersion(answer.headers.get("X-Window-Version") ?? "");
    this.#answered();
  }

  /** Another version of the service answers than made this page. @param {string} version */
  #noteVersion(version) {
    if (version && version !== this.#version) {
      this.#refresh.dataset["new"] = "yes";
      setText(this.#refresh, "Reload: there is a new version");
    }
  }

  #fail() {
    if (this.#failures === 0) {
      this.#lostAt = timeOfDay();
    }
    this.#failures += 1;
    this.#tell("offline", `Disconnected since ${this.#lostAt}`);
  }

  /** @param {"online" | "offline" | "connecting"} state @param {string} text */
  #tell(state, text) {
    this.#state.dataset["state"] = state;
    setText(this.#state, text);
  }
}

/** The time of day, as the page has all times: UTC. */
function timeOfDay() {
  return `${new Date().toISOString().slice(11, 19)} UTC`;
}
