/** How the servers and workers are, and how far they lag behind. */

import { askJson } from "./api.js";
import { byId, make, say } from "./text.js";

const EVERY_MS = 4000;

export class Health {
  constructor() {
    this.look();
    setInterval(() => document.hidden || this.look(), EVERY_MS);
  }

  async look() {
    try {
      this.show(await askJson("/api/status"));
    } catch (error) {
      say(byId("summary"), `Not known: ${error.message}`);
    }
  }

  show({ parts = [], groups = [] }) {
    const wrong = parts.filter((part) => part.state !== "healthy");
    const lag = groups.reduce((sum, group) => sum + group.lag, 0);
    const health = wrong.length ? `${wrong.map((part) => part.name).join(", ")}: not healthy` : `All ${parts.length} parts are healthy`;
    say(byId("summary"), `${health} · ${groups.length ? lag.toLocaleString("en") : "unknown how many"} records to come`);
    byId("summary").classList.toggle("wrong", wrong.length > 0);
    byId("parts").replaceChildren(...parts.map((part) => row(part.state === "healthy" ? "" : "wrong", part.name, part.state, part.says)));
    byId("groups").replaceChildren(...groups.map((group) => row("", group.name, group.members.length, group.lag.toLocaleString("en"))));
  }
}

function row(className, name, ...values) {
  const head = make("th", "", name);
  head.scope = "row";
  return make("tr", className, head, ...values.map((value) => make("td", "", String(value))));
}
