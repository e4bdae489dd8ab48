/** Confidence over the last minute. */

import { Picture } from "./canvas.js";
import { byId, percent } from "./text.js";

const SHOWN_MS = 60_000;
const LINES = [0, 0.5, 1];

export class Trend {
  constructor() {
    this.canvas = byId("trend");
    this.points = [];
    this.picture = new Picture(this.canvas, (context, width, height) => this.draw(context, width, height));
  }

  clear() {
    this.points = [];
    this.picture.refresh();
  }

  add(confidence, matched) {
    const now = performance.now();
    this.points.push({ at: now, confidence, matched });
    while (this.points[0].at < now - SHOWN_MS) this.points.shift();
    this.picture.refresh();
  }

  describe() {
    const last = this.points.at(-1);
    if (!last) return;
    const least = Math.min(...this.points.map((point) => point.confidence));
    this.canvas.setAttribute("aria-label", `Confidence over the last minute: now ${percent(last.confidence)}, at least ${percent(least)}.`);
  }

  draw(context, width, height) {
    const now = this.points.at(-1)?.at ?? 0;
    const x = (at) => width - ((now - at) / SHOWN_MS) * width;
    const y = (confidence) => 5 + (1 - confidence) * (height - 10);
    context.fillStyle = "#2b3544";
    for (const line of LINES) context.fillRect(0, Math.round(y(line)), width, 1);
    if (this.points.length < 2) return;
    context.beginPath();
    this.points.forEach((point, i) => context[i ? "lineTo" : "moveTo"](x(point.at), y(point.confidence)));
    context.strokeStyle = "#62cdb8";
    context.lineWidth = 2;
    context.lineJoin = "round";
    context.stroke();
    context.lineTo(width, y(0));
    context.lineTo(x(this.points[0].at), y(0));
    context.fillStyle = "#62cdb822";
    context.fill();
    const last = this.points.at(-1);
    context.fillStyle = last.matched ? "#62cdb8" : "#a3aebd";
    context.beginPath();
    context.arc(width - 3.5, y(last.confidence), 3.5, 0, 7);
    context.fill();
  }
}
