/** Plays works of the catalogue on the page's keyboard, so that one sees something without being able to play. */

import { askJson, part } from "./api.js";
import { byId, clock, make, say } from "./text.js";

const FOUND = 9;
const LEAD_MS = 300;
const HELD_MS = 180;
const TICK_MS = 15;

export class Jukebox {
  constructor(player, keyboard, onState) {
    this.player = player;
    this.keyboard = keyboard;
    this.onState = onState;
    byId("find").addEventListener("submit", (event) => {
      event.preventDefault();
      this.find();
    });
    byId("stop").addEventListener("click", () => this.stop());
  }

  async find() {
    try {
      const query = new URLSearchParams({ words: byId("words").value, count: FOUND });
      const { total, works } = await askJson(`/api/works?${query}`);
      byId("found").replaceChildren(...works.map((work) => this.button(work)));
      this.onState(total ? `${total} works found${total > FOUND ? `, the first ${FOUND} are shown` : ""}.` : "No such work is in the catalogue.");
    } catch (error) {
      this.onState(error.message);
    }
  }

  button(work) {
    const button = make("button", "", make("b", "", work.title), make("small", "", `${work.composer || "–"} · ${clock(work.duration_s)}`));
    button.type = "button";
    button.addEventListener("click", () => this.play(work));
    return make("li", "", button);
  }

  async play(work) {
    this.stop();
    const turn = Symbol("turn");
    this.turn = turn;
    const { onset_s: onsets, pitch: pitches } = await askJson(`/api/works/${part(work.work_id)}/notes`);
    if (this.turn !== turn) return;
    byId("stop").hidden = false;
    say(byId("stop"), `Stop ${work.title}`);
    this.onState(`The page plays ${work.title}.`);
    const zero = performance.now() + LEAD_MS - 1000 * (onsets[0] ?? 0);
    const ends = [];
    let next = 0;
    this.timer = setInterval(() => {
      const now = performance.now();
      while (ends.length && ends[0].at <= now) this.end(ends.shift());
      while (next < onsets.length && zero + 1000 * onsets[next] <= now) {
        const pitch = pitches[next];
        this.keyboard.show(pitch, true);
        this.player.noteOn(pitch, 80, zero + 1000 * onsets[next]);
        ends.push({ at: now + HELD_MS, pitch });
        next += 1;
      }
      if (next === onsets.length && !ends.length) this.stop();
    }, TICK_MS);
    this.ends = ends;
  }

  end({ pitch }) {
    this.keyboard.show(pitch, false);
    this.player.noteOff(pitch);
  }

  stop() {
    clearInterval(this.timer);
    this.turn = null;
    this.ends?.splice(0).forEach((end) => this.end(end));
    byId("stop").hidden = true;
  }
}
