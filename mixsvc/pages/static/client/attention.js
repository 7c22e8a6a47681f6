// @ts-check
/** Whether somebody looks at this window, and does something in it. */

/** Whoever has touched nothing for so long may have gone. */
const IDLE_MS = 120_000;
const TOUCHES = ["pointermove", "pointerdown", "keydown", "wheel"];

/** Another window may be in front of a visible one. */
export function isAttended() {
  return !document.hidden && document.hasFocus();
}

export class Onlooker {
  #touchedAt = performance.now();

  /** @param {AbortSignal} signal  ends it @param {() => void} back  somebody comes back to the window, or stirs */
  constructor(signal, back) {
    const options = { signal, passive: true, capture: true };
    const touch = () => {
      const wasIdle = !this.isActive;
      this.#touchedAt = performance.now();
      wasIdle && isAttended() && back();
    };
    TOUCHES.forEach((type) => addEventListener(type, touch, options));
    const look = () => {
      if (isAttended()) {
        this.#touchedAt = performance.now();
        back();
      }
    };
    ["focus", "visibilitychange"].forEach((type) => addEventListener(type, look, { signal }));
    // Out of the browser's cache of pages.
    addEventListener("pageshow", back, { signal });
  }

  /** Whether somebody would notice soon that the connection is dead. */
  get isActive() {
    return isAttended() && performance.now() - this.#touchedAt < IDLE_MS;
  }
}
