/** Small helpers for what is shown as text. */

export const byId = (id) => document.getElementById(id);

/** Sets text only where it changes, so that nothing is laid out anew ten times a second. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** An element with a class, text or children. */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

export const percent = (share) => `${Math.round(100 * share)} %`;

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** A work in one line. */
export const nameOf = (work) => (work.composer ? `${work.composer}: ${work.title}` : work.title);

export const calm = matchMedia("(prefers-reduced-motion: reduce)");
