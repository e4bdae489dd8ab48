/** The piano roll of the work that is played, moving under the place where the player is. */

import { askJson, part } from "./api.js";
import { Picture } from "./canvas.js";
import { byId, calm, clock } from "./text.js";

const SHOWN_S = 14;
const BEFORE = 0.35;
const NOTE_S = 0.22;
const COAST_S = 1.2; // how long the place moves on by itself after the last answer
const JUMP_S = 2.5;
const CATCH_UP_PER_S = 6;
const OVERVIEW = 26;
const STILL_MS = 250;
const KEPT = 8;
const COLOURS = { played: "#f0b955", coming: "#62cdb8", line: "#2b3544", bar: "#1d2531", head: "#e9edf2", overview: "#4a5a70" };

export class Roll {
  constructor() {
    this.canvas = byId("roll");
    this.picture = new Picture(this.canvas, (context, width, height) => this.draw(context, width, height));
    this.known = new Map();
    this.work = null;
    this.clear();
  }

  clear() {
    this.wanted = null;
    this.work = null;
    this.at_s = null;
    this.target = null;
    this.canvas.setAttribute("aria-label", "Piano roll: no work is known yet.");
    this.picture.refresh();
  }

  /** The player is at `at_s` of a work, and moves on by `ratio` seconds of it a second. */
  async place(candidate, at_s, ratio, moving) {
    this.target = { at_s, ratio: moving ? ratio : 0, now: performance.now() };
    if (this.wanted !== candidate.work_id) {
      this.wanted = candidate.work_id;
      this.at_s = null;
      this.work = null;
      const work = await this.load(candidate.work_id);
      if (this.wanted !== candidate.work_id) return;
      this.work = work;
    }
    this.go();
  }

  /** The place as text; for those who do not see it. */
  describe(title) {
    if (!this.work || this.at_s === null) return;
    this.canvas.setAttribute("aria-label", `Piano roll of ${title}, at ${clock(this.at_s)} of ${clock(this.work.end_s)}.`);
  }

  async load(workId) {
    if (!this.known.has(workId)) {
      if (this.known.size >= KEPT) this.known.delete(this.known.keys().next().value);
      this.known.set(workId, askJson(`/api/works/${part(workId)}/notes`).then(prepared).catch(() => null));
    }
    return this.known.get(workId);
  }

  go() {
    if (this.running) return;
    this.running = true;
    this.before = performance.now();
    requestAnimationFrame((now) => this.step(now));
  }

  /** One frame; ends by itself when the player rests. */
  step(now) {
    const { target } = this;
    if (!target) {
      this.running = false;
      return;
    }
    const since_s = Math.min((now - target.now) / 1000, COAST_S);
    const goal_s = target.at_s + Math.max(0, since_s) * target.ratio;
    const passed_s = (now - this.before) / 1000;
    if (this.at_s === null || calm.matches || Math.abs(goal_s - this.at_s) > JUMP_S) this.at_s = goal_s;
    else this.at_s += (goal_s - this.at_s) * Math.min(1, passed_s * CATCH_UP_PER_S);
    this.before = now;
    this.picture.paint();
    if ((since_s >= COAST_S || !target.ratio) && Math.abs(goal_s - this.at_s) < 0.005) {
      this.running = false;
    } else if (calm.matches) {
      setTimeout(() => requestAnimationFrame((later) => this.step(later)), STILL_MS);
    } else {
      requestAnimationFrame((later) => this.step(later));
    }
  }

  draw(context, width, height) {
    const { work } = this;
    if (!work || this.at_s === null) {
      this.drawEmpty(context, width, height);
      return;
    }
    const rollHeight = height - OVERVIEW;
    const from_s = this.at_s - SHOWN_S * BEFORE;
    const x = (time_s) => ((time_s - from_s) / SHOWN_S) * width;
    const row = (rollHeight - 16) / (work.high - work.low + 1);
    const y = (pitch) => 8 + (work.high - pitch) * row;

    context.fillStyle = COLOURS.line;
    for (let i = firstFrom(work.downbeat_s, from_s); i < work.downbeat_s.length; i += 1) {
      const at = x(work.downbeat_s[i]);
      if (at > width) break;
      context.fillRect(Math.round(at), 0, 1, rollHeight);
    }
    const thick = Math.max(2.5, Math.min(row - 1, 9));
    for (let i = firstFrom(work.onset_s, from_s - 1); i < work.onset_s.length; i += 1) {
      const left = x(work.onset_s[i]);
      if (left > width) break;
      context.fillStyle = work.onset_s[i] <= this.at_s ? COLOURS.played : COLOURS.coming;
      context.globalAlpha = left < 0 ? 0.3 : 0.95;
      context.beginPath();
      context.roundRect(left, y(work.pitch[i]), Math.max(3, (work.held_s[i] / SHOWN_S) * width - 1), thick, 2);
      context.fill();
    }
    context.globalAlpha = 1;
    context.fillStyle = COLOURS.head;
    context.fillRect(Math.round(width * BEFORE), 0, 1.5, rollHeight);
    this.drawOverview(context, width, rollHeight);
  }

  /** The whole work at the foot, and where in it the player is. */
  drawOverview(context, width, top) {
    const { work } = this;
    const end_s = Math.max(work.end_s, 1);
    context.fillStyle = COLOURS.bar;
    context.fillRect(0, top, width, OVERVIEW);
    const most = Math.max(...work.density, 1);
    work.density.forEach((count, bin) => {
      const tall = (count / most) * (OVERVIEW - 8);
      const left = (bin / work.density.length) * width;
      context.fillStyle = ((bin + 0.5) / work.density.length) * end_s <= this.at_s ? COLOURS.played : COLOURS.overview;
      context.fillRect(left, top + OVERVIEW - 3 - tall, Math.max(1, width / work.density.length - 1), tall);
    });
    context.fillStyle = COLOURS.head;
    context.fillRect((this.at_s / end_s) * width, top, 2, OVERVIEW);
  }

  drawEmpty(context, width, height) {
    context.fillStyle = COLOURS.bar;
    for (let line = 1; line < 6; line += 1) context.fillRect(0, (height * line) / 6, width, 1);
  }
}

/** Notes are drawn until the next one of their voice, a short while at the most: the index keeps no lengths. */
function prepared(work) {
  const { onset_s: onsets, pitch: pitches } = work;
  const held = new Float64Array(onsets.length).fill(NOTE_S);
  const last = new Map();
  const density = new Array(160).fill(0);
  const end_s = onsets.length ? onsets[onsets.length - 1] + NOTE_S : 0;
  onsets.forEach((onset_s, i) => {
    const before = last.get(pitches[i]);
    if (before !== undefined) held[before] = Math.min(NOTE_S, onset_s - onsets[before]);
    last.set(pitches[i], i);
    density[Math.min(density.length - 1, Math.floor((onset_s / end_s) * density.length))] += 1;
  });
  const low = pitches.reduce((a, b) => Math.min(a, b), 127);
  const high = pitches.reduce((a, b) => Math.max(a, b), 0);
  return { ...work, held_s: held, end_s, density, low: Math.max(0, low - 2), high: Math.min(127, high + 2) };
}

/** The index of the first value that is not below `wanted`; the values ascend. */
function firstFrom(values, wanted) {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
