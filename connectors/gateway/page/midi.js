/** Keyboards that are plugged into this computer, by Web MIDI. */

import { byId } from "./text.js";

const SUSTAIN = 64;

export class Midi {
  constructor(player, keyboard, onState) {
    this.player = player;
    this.keyboard = keyboard;
    this.onState = onState;
    const button = byId("midi");
    if (!navigator.requestMIDIAccess) {
      button.disabled = true;
      button.textContent = "This browser has no Web MIDI";
      return;
    }
    button.addEventListener("click", () => this.connect());
  }

  async connect() {
    try {
      const access = await navigator.requestMIDIAccess();
      access.addEventListener("statechange", () => this.listen(access));
      this.listen(access);
    } catch {
      this.onState("The browser did not allow MIDI.");
    }
  }

  listen(access) {
    const inputs = [...access.inputs.values()].filter((input) => input.state === "connected");
    for (const input of inputs) input.onmidimessage = (event) => this.take(event);
    const names = inputs.map((input) => input.name).join(", ");
    this.onState(names ? `Listening to ${names}.` : "No MIDI keyboard is plugged in; it is heard as soon as one is.");
  }

  take({ data: [status, first, second], timeStamp }) {
    const kind = status & 0xf0;
    if (kind === 0x90 && second > 0) {
      this.keyboard.show(first, true);
      this.player.noteOn(first, second, timeStamp);
    } else if (kind === 0x90 || kind === 0x80) {
      this.keyboard.show(first, false);
      this.player.noteOff(first, timeStamp);
    } else if (kind === 0xb0 && first === SUSTAIN) {
      this.player.pedal(second, timeStamp);
    }
  }
}
