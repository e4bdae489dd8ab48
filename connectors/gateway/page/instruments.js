/** Which instruments are heard. */

import { byId, make, percent } from "./text.js";

const SHOWN = 6;
const LEAST = 0.2;

export function clearInstruments() {
  byId("instruments").replaceChildren(make("li", "quiet", "Not heard yet."));
}

export function showInstruments({ instruments, error }) {
  const items = instruments.filter((each) => each.probability >= LEAST).slice(0, SHOWN).map(({ label, probability }) => make("li", "", `${label} ${percent(probability)}`));
  byId("instruments").replaceChildren(...(items.length ? items : [make("li", "quiet", error?.message ?? "None that is known.")]));
}
