/** Joins the parts of the page. */

import { askJson, follow } from "./api.js";
import { Announcer } from "./announce.js";
import { Health } from "./health.js";
import { clearInstruments, showInstruments } from "./instruments.js";
import { Jukebox } from "./jukebox.js";
import { Keyboard } from "./keyboard.js";
import { Midi } from "./midi.js";
import { Now } from "./now.js";
import { Player } from "./player.js";
import { Rhythm } from "./rhythm.js";
import { byId, say } from "./text.js";
import { Upload } from "./upload.js";

const SOURCES_EVERY_MS = 4000;
const STATES = { connecting: "Connecting", open: "Live", closed: "Cut off, trying again" };

const own = `page-${Math.random().toString(36).slice(2, 8)}`;
const announcer = new Announcer();
const now = new Now(announcer);
const rhythm = new Rhythm(announcer);
const handlers = {
  match: (event) => now.show(event),
  beat: (event) => rhythm.beat(event),
  section: (event) => rhythm.section(event),
  error: (event) => rhythm.error(event),
  instruments: showInstruments,
};

let following = null;
let sourceId = null;

function followSource(wanted) {
  if (wanted === sourceId) return;
  following?.stop();
  sourceId = wanted;
  now.clear();
  rhythm.clear();
  clearInstruments();
  byId("source").value = wanted;
  history.replaceState(null, "", wanted === own ? location.pathname : `#${encodeURIComponent(wanted)}`);
  following = follow(
    wanted,
    (kind, event) => sourceId === wanted && handlers[kind]?.(event),
    (state) => {
      byId("connection").dataset.state = state;
      say(byId("connection").querySelector(".says"), STATES[state]);
    },
  );
}

/** Lists who plays; keeps the one that is followed, also when it has been silent for long. */
function listSources(names) {
  const select = byId("source");
  const listed = [own, ...new Set([sourceId, ...names].filter((name) => name && name !== own))];
  if (listed.join("\n") === [...select.options].map((option) => option.value).join("\n")) return;
  select.replaceChildren(...listed.map((name) => new Option(name === own ? "this page" : name, name)));
  select.value = sourceId ?? own;
}

async function lookForSources() {
  try {
    const sources = await askJson("/api/sources");
    const names = sources.map((source) => source.source_id);
    const playing = sources.find((source) => source.live)?.source_id;
    if (sourceId === null) followSource(decodeURIComponent(location.hash.slice(1)) || playing || names[0] || own);
    listSources(names);
  } catch {
    if (sourceId === null) followSource(own);
    listSources([]);
  }
}

const playerSays = (sentence) => say(byId("player"), sentence);
const player = new Player(own, playerSays);
const send = player.send.bind(player);
player.send = (gesture, at) => {
  followSource(own);
  send(gesture, at);
};
const keyboard = new Keyboard(player);
new Midi(player, keyboard, playerSays);
new Jukebox(player, keyboard, playerSays);
new Upload(own, () => followSource(own));
new Health();
byId("source").addEventListener("change", (event) => followSource(event.target.value));
listSources([]);
lookForSources();
setInterval(() => document.hidden || lookForSources(), SOURCES_EVERY_MS);
