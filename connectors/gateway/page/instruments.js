/** Which instruments are heard. */

import { byId, make, percent } from "./text.js";

const SHOWN = 6;

export function clearInstruments() {
  byId("instruments").replaceChildren(make("li", "quiet", "Not heard yet."));
}

export function showInstruments({ instruments = [] }) {
  const items = instruments.slice(0, SHOWN).map(({ label, probability }) => make("li", "", `${label} ${percent(probability)}`));
  byId("instruments").replaceChildren(...(items.length ? items : [make("li", "quiet", "None that is known.")]));
}
