/** Files that are dropped on the page, or chosen: clips. */

import { ask } from "./api.js";
import { byId, nameOf, percent, say } from "./text.js";

const WAIT_S = 60;
const MIDI = /\.midi?$/i;

export class Upload {
  constructor(sourceId, onStart) {
    this.sourceId = sourceId;
    this.onStart = onStart;
    const zone = byId("zone");
    byId("file").addEventListener("change", (event) => event.target.files.length && this.send(event.target.files[0]));
    addEventListener("dragover", (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
    addEventListener("dragleave", (event) => event.relatedTarget ?? zone.classList.remove("over"));
    addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      if (event.dataTransfer.files.length) this.send(event.dataTransfer.files[0]);
    });
  }

  async send(file) {
    this.onStart();
    const says = byId("upload");
    say(says, `${file.name} is being identified…`);
    const form = new FormData();
    form.set("file", file);
    form.set("source_id", this.sourceId);
    form.append("wants", "identify");
    if (!MIDI.test(file.name)) form.append("wants", "instruments");
    try {
      const answer = await (await ask(`/api/clips?wait_s=${WAIT_S}`, { method: "POST", body: form })).json();
      say(says, `${file.name}: ${verdict(answer)}`);
    } catch (error) {
      say(says, `${file.name}: ${error.message}`);
    }
  }
}

function verdict({ status, candidates, error }) {
  if (status === "matched") return `${nameOf(candidates[0])}, ${percent(candidates[0].confidence)} sure.`;
  if (status === "failed") return error.message;
  if (status === "pending") return `no answer within ${WAIT_S} s. Are the workers up?`;
  return "not in the catalogue, as far as can be told.";
}
