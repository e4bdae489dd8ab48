/** What is played: the work, where in it, how sure that is, and what else it may be. */

import { byId, clock, make, nameOf, percent, say } from "./text.js";
import { Roll } from "./roll.js";
import { Trend } from "./trend.js";

const OTHERS = 4;
const REST_MS = 8000;
const STATES = { matched: "Now playing", unknown: "Not in the catalogue, or not sure yet", failed: "Failed" };

export class Now {
  constructor(announcer) {
    this.announcer = announcer;
    this.roll = new Roll();
    this.trend = new Trend();
  }

  clear() {
    clearTimeout(this.resting);
    this.announced = null;
    this.roll.clear();
    this.trend.clear();
    byId("state").dataset.state = "idle";
    say(byId("state"), "Listening");
    say(byId("work"), "Nothing is played yet");
    say(byId("composer"), "Play something below, drop a file, or start a bridge.");
    for (const id of ["confidence", "place", "shift", "ratio", "latency"]) say(byId(id), "–");
    this.showOthers([]);
  }

  show(match) {
    const [best, ...others] = match.candidates;
    const matched = match.status === "matched" && best;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(matched), REST_MS);
    byId("state").dataset.state = match.status;
    say(byId("state"), match.kind === "clip" && matched ? "This clip is" : STATES[match.status]);
    say(byId("latency"), `${Math.max(0, match.latency_ms).toFixed(match.latency_ms < 10 ? 1 : 0)} ms`);
    this.trend.add(best?.confidence ?? 0, matched);
    if (match.status === "failed") {
      say(byId("work"), "This cannot be read");
      say(byId("composer"), match.error?.message ?? "");
    } else if (!matched) {
      say(byId("work"), best ? `Perhaps ${best.title}` : "Unknown music");
      say(byId("composer"), `${match.notes_heard} notes heard`);
    } else {
      say(byId("work"), best.title);
      say(byId("composer"), best.composer || "Composer not known");
    }
    say(byId("confidence"), best ? percent(best.confidence) : "–");
    say(byId("place"), best ? (match.kind === "clip" ? `${clock(best.ref_start_s)}–${clock(best.ref_end_s)}` : clock(best.ref_end_s)) : "–");
    say(byId("shift"), best ? keyShift(best.transposition) : "–");
    say(byId("ratio"), best ? `× ${best.tempo_ratio.toFixed(2)}` : "–");
    this.showOthers(matched ? others : match.candidates);
    if (matched) this.roll.place(best, best.ref_end_s, best.tempo_ratio, match.kind === "live");
    this.tell(match, matched ? best : null);
  }

  /** Nothing has come for a while: what is shown is what was. */
  rest(matched) {
    byId("state").dataset.state = "idle";
    if (matched) say(byId("state"), "Played last");
  }

  /** Says it once for each work, not for each answer. */
  tell(match, best) {
    const what = best ? best.work_id : match.status;
    if (what === this.announced) return;
    this.announced = what;
    if (best) {
      this.announcer.say("work", `${nameOf(best)}, ${percent(best.confidence)} sure.`);
      document.title = `${best.title} – Continuo`;
      setTimeout(() => this.describe(best.title), 1000);
    } else if (match.kind === "clip") {
      this.announcer.say("work", match.status === "failed" ? "The clip cannot be read." : "The clip is not known.");
    }
  }

  describe(title) {
    this.roll.describe(title);
    this.trend.describe();
  }

  showOthers(candidates) {
    const list = byId("others");
    const shown = candidates.slice(0, OTHERS);
    const key = shown.map((one) => `${one.work_id} ${percent(one.confidence)}`).join();
    if (key === this.shownOthers) return;
    this.shownOthers = key;
    if (!shown.length) {
      list.replaceChildren(make("li", "quiet", "Nothing else comes near."));
      return;
    }
    list.replaceChildren(...shown.map((one) => {
      const meter = make("meter", "bar");
      meter.value = one.confidence;
      meter.setAttribute("aria-label", `Confidence in ${one.title}`);
      return make("li", "", make("span", "", nameOf(one)), make("span", "", percent(one.confidence)), meter);
    }));
  }
}

function keyShift(semitones) {
  if (!semitones) return "as written";
  return `${semitones > 0 ? "+" : "−"}${Math.abs(semitones)}`;
}
