/** Beats, bars, sections, and what fires on the beat. */

import { byId, make, say } from "./text.js";

const LINES = 40;
const SECTIONS = 12;
const FRESH = 3;
const BASES = { network: "its sound", score: "the score" };

export class Rhythm {
  constructor(announcer) {
    this.announcer = announcer;
    this.clear();
  }

  clear() {
    clearTimeout(this.resting);
    this.bars = 0;
    this.fired = 0;
    this.beatsPerBar = 0;
    this.sections = new Map();
    this.session = null;
    byId("dots").replaceChildren();
    byId("dots").setAttribute("aria-label", "No beat yet");
    for (const id of ["tempo", "bar", "basis", "section"]) say(byId(id), "–");
    say(byId("fired"), "0");
    byId("strip").replaceChildren();
    byId("errors").replaceChildren(make("li", "quiet", "One fires on every 16th beat."));
  }

  beat(beat) {
    if (beat.session_id !== this.session) {
      this.session = beat.session_id;
      this.bars = 0;
      this.sections.clear();
    }
    this.bars += beat.downbeat ? 1 : 0;
    const dots = byId("dots");
    if (beat.beats_per_bar !== this.beatsPerBar) {
      this.beatsPerBar = beat.beats_per_bar;
      dots.replaceChildren(...Array.from({ length: Math.min(beat.beats_per_bar, 16) }, () => make("span", "dot")));
      dots.setAttribute("aria-label", `${beat.beats_per_bar} beats in a bar`);
    }
    [...dots.children].forEach((dot, i) => dot.classList.toggle("on", i === beat.position - 1));
    say(byId("tempo"), beat.tempo_bpm.toFixed(0));
    say(byId("bar"), this.bars ? `${this.bars}, beat ${beat.position}` : `beat ${beat.position}`);
    say(byId("basis"), BASES[beat.basis]);
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), 2000 + 60_000 / beat.tempo_bpm);
  }

  /** The music has stopped. */
  rest() {
    for (const dot of byId("dots").children) dot.classList.remove("on");
  }

  section(section) {
    this.sections.set(section.start_s, section);
    while (this.sections.size > SECTIONS) this.sections.delete(this.sections.keys().next().value);
    const inOrder = [...this.sections.values()].sort((a, b) => a.start_s - b.start_s);
    const newest = inOrder.at(-1);
    if (byId("section").textContent !== newest.label) this.announcer.say("section", `Section: ${newest.label}.`);
    say(byId("section"), newest.label);
    byId("strip").replaceChildren(...inOrder.map((each) => {
      const item = make("li", "", each.label);
      item.dataset.label = each.label;
      item.title = `from ${each.start_s.toFixed(1)} s`;
      if (each === newest) item.setAttribute("aria-current", "true");
      return item;
    }));
  }

  error(error) {
    const list = byId("errors");
    list.querySelector(".quiet")?.remove();
    const severity = make("b", "", `${error.severity} ${error.code}`);
    severity.dataset.severity = error.severity;
    const where = [`beat ${error.beat}`, error.section, error.style, error.location, error.governing_body, error.component];
    const item = make("li", "fresh", make("p", "", severity, ` ${error.message}`), make("p", "where", where.filter(Boolean).join(" · ")));
    list.prepend(item);
    list.children[FRESH]?.classList.remove("fresh");
    while (list.children.length > LINES) list.lastElementChild.remove();
    this.fired += 1;
    say(byId("fired"), String(this.fired));
    this.announcer.say("errors", error.parts > 1 ? `${error.parts} ${error.style} errors on beat ${error.beat}.` : `${error.severity}: ${error.message}`);
  }
}
