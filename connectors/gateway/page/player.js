/** Sends what is played on this page into `notes`, and sounds it. */

import { part, token } from "./api.js";
import { Sound } from "./sound.js";

const PROTOCOL = "continuo.notes";
const TOKEN_PROTOCOL = "continuo.token.";
const WAITING = 1000;

export class Player {
  constructor(sourceId, onState) {
    this.sourceId = sourceId;
    this.onState = onState;
    this.sound = new Sound();
    this.waiting = [];
    this.zero = performance.now();
  }

  noteOn(pitch, velocity = 80, at = performance.now()) {
    this.sound.on(pitch, velocity);
    this.send({ type: "note_on", pitch, velocity }, at);
  }

  noteOff(pitch, at = performance.now()) {
    this.sound.off(pitch);
    this.send({ type: "note_off", pitch, velocity: 0 }, at);
  }

  pedal(value, at = performance.now()) {
    this.send({ type: "pedal", pitch: 0, velocity: value }, at);
  }

  send(gesture, at) {
    if (this.waiting.length >= WAITING) return;
    this.waiting.push({ ...gesture, time_s: Math.max(0, (at - this.zero) / 1000) });
    if (!this.socket) this.connect();
    else this.flush();
  }

  flush() {
    if (this.socket.readyState !== WebSocket.OPEN || !this.waiting.length) return;
    this.socket.send(JSON.stringify(this.waiting));
    this.waiting = [];
  }

  /** A new connection is a new session. */
  connect() {
    const address = new URL(`/api/sources/${part(this.sourceId)}/notes`, location);
    address.protocol = address.protocol.replace("http", "ws");
    this.socket = new WebSocket(address, token() ? [PROTOCOL, TOKEN_PROTOCOL + token()] : [PROTOCOL]);
    this.socket.addEventListener("open", () => {
      this.onState("Playing into Continuo.");
      this.flush();
    });
    this.socket.addEventListener("close", (event) => {
      this.socket = null;
      this.waiting = [];
      this.onState(event.reason || "Not connected; the next note tries again.");
    });
  }
}
