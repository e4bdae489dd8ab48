/** A plain tone for each key, so that one hears what one plays. */

import { byId } from "./text.js";

const RELEASE_S = 0.25;
const DECAY_S = 1.6;

export class Sound {
  constructor() {
    this.tones = new Map();
  }

  on(pitch, velocity) {
    if (!byId("sound").checked) return;
    this.context ??= new AudioContext();
    this.off(pitch);
    const { context } = this;
    const level = 0.16 * (velocity / 127);
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.setTargetAtTime(level, context.currentTime, 0.004);
    gain.gain.setTargetAtTime(level * 0.15, context.currentTime + 0.03, DECAY_S / 3);
    const tone = new OscillatorNode(context, { type: "triangle", frequency: 440 * 2 ** ((pitch - 69) / 12) });
    tone.connect(gain).connect(context.destination);
    tone.start();
    this.tones.set(pitch, { tone, gain });
  }

  off(pitch) {
    const sounding = this.tones.get(pitch);
    if (!sounding) return;
    this.tones.delete(pitch);
    const now = this.context.currentTime;
    sounding.gain.gain.cancelScheduledValues(now);
    sounding.gain.gain.setTargetAtTime(0, now, RELEASE_S / 4);
    sounding.tone.stop(now + RELEASE_S);
  }
}
