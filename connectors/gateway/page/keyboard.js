/** A piano keyboard for pointer, touch, arrow keys, and the computer's keys while it has the focus. */

import { byId, make } from "./text.js";

const LOWEST = 48;
const HIGHEST = 76;
const BLACK = new Set([1, 3, 6, 8, 10]);
const NAMES = ["C", "C sharp", "D", "D sharp", "E", "F", "F sharp", "G", "G sharp", "A", "A sharp", "B"];
/** By their place on the keyboard, whatever letters are printed on them: C to the E above the next C. */
const CODES = ["KeyA", "KeyW", "KeyS", "KeyE", "KeyD", "KeyF", "KeyT", "KeyG", "KeyY", "KeyH", "KeyU", "KeyJ", "KeyK", "KeyO", "KeyL", "KeyP", "Semicolon"];
const C4 = 60;

export class Keyboard {
  constructor(player) {
    this.player = player;
    this.box = byId("keys");
    this.keys = new Map();
    this.held = new Map(); // what holds a key down: a pointer or a code, and its pitch
    this.octave = 0;
    for (let pitch = LOWEST; pitch <= HIGHEST; pitch += 1) this.box.append(this.key(pitch));
    this.keys.get(C4).tabIndex = 0;
    new ResizeObserver(() => this.fit()).observe(this.box);
    this.box.addEventListener("pointerdown", (event) => this.press(event));
    this.box.addEventListener("pointerover", (event) => event.buttons && this.slide(event));
    addEventListener("pointerup", (event) => this.release(`pointer ${event.pointerId}`));
    addEventListener("pointercancel", (event) => this.release(`pointer ${event.pointerId}`));
    this.box.addEventListener("keydown", (event) => this.keyDown(event));
    addEventListener("keyup", (event) => this.release(event.code));
    this.box.addEventListener("focusout", () => [...this.held.keys()].forEach((holder) => this.release(holder)));
  }

  key(pitch) {
    const black = BLACK.has(pitch % 12);
    const letter = CODES[pitch - C4] ? make("span", "", keyLetter(CODES[pitch - C4])) : make("span", "");
    letter.setAttribute("aria-hidden", "true");
    const key = make("button", black ? "key black" : "key", letter);
    key.type = "button";
    key.tabIndex = -1;
    key.dataset.pitch = pitch;
    if (pitch < C4) key.classList.add("low");
    key.setAttribute("aria-label", `${NAMES[pitch % 12]} ${Math.floor(pitch / 12) - 1}`);
    this.keys.set(pitch, key);
    return key;
  }

  fit() {
    const white = [...this.keys.values()].find((key) => !key.classList.contains("black"));
    this.box.style.setProperty("--white", `${white.offsetWidth}px`);
  }

  press(event) {
    const key = event.target.closest(".key");
    if (!key) return;
    key.releasePointerCapture?.(event.pointerId); // so that a glissando reaches the keys beside it
    this.focus(key);
    event.preventDefault();
    this.hold(`pointer ${event.pointerId}`, Number(key.dataset.pitch));
  }

  slide(event) {
    const key = event.target.closest(".key");
    const holder = `pointer ${event.pointerId}`;
    if (!key || !this.held.has(holder)) return;
    this.release(holder);
    this.hold(holder, Number(key.dataset.pitch));
  }

  keyDown(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    const here = Number(document.activeElement.dataset.pitch ?? C4);
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -12, ArrowUp: 12 }[event.key];
    if (step) {
      const next = this.keys.get(here + step);
      if (next) this.focus(next);
    } else if (event.key === " " || event.key === "Enter") {
      this.hold(event.code, here);
    } else if (event.code === "KeyZ" || event.code === "KeyX") {
      this.octave = Math.max(-3, Math.min(3, this.octave + (event.code === "KeyX" ? 1 : -1)));
    } else if (CODES.includes(event.code)) {
      this.hold(event.code, C4 + CODES.indexOf(event.code) + 12 * this.octave);
    } else {
      return;
    }
    event.preventDefault();
  }

  /** One key at a time can be reached by the tab key; the arrows reach the others. */
  focus(key) {
    for (const each of this.keys.values()) each.tabIndex = -1;
    key.tabIndex = 0;
    key.focus();
  }

  hold(holder, pitch) {
    if (this.held.has(holder)) return;
    this.held.set(holder, pitch);
    this.show(pitch, true);
    this.player.noteOn(pitch);
  }

  release(holder) {
    const pitch = this.held.get(holder);
    if (pitch === undefined) return;
    this.held.delete(holder);
    this.show(pitch, false);
    this.player.noteOff(pitch);
  }

  show(pitch, down) {
    this.keys.get(pitch)?.classList.toggle("down", down);
  }
}

const keyLetter = (code) => (code === "Semicolon" ? ";" : code.replace("Key", ""));
