/** Says what matters to those who listen, seldom: the newest of each kind, at most every few seconds. */

import { byId } from "./text.js";

const EVERY_MS = 5000;
const FIRST_MS = 400;

export class Announcer {
  constructor() {
    this.waiting = new Map();
    this.last = -Infinity;
    byId("announce").addEventListener("change", (event) => {
      if (!event.target.checked) this.waiting.clear();
    });
  }

  say(kind, sentence) {
    if (!byId("announce").checked) return;
    this.waiting.set(kind, sentence);
    this.timer ??= setTimeout(() => this.flush(), Math.max(FIRST_MS, this.last + EVERY_MS - performance.now()));
  }

  flush() {
    this.timer = null;
    if (!this.waiting.size) return;
    this.last = performance.now();
    byId("live").textContent = [...this.waiting.values()].join(" ");
    this.waiting.clear();
  }
}
