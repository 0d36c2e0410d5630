// A brush for masks: pixels that are painted on a sheet of the item's size, and the runs down the columns that they make.
// It is as wide on screen whatever the zoom, so who wants a finer one comes nearer.

import { maskBitmap } from "./mask.js";

const WIDE = 12;
const PIXELS_MAX = 40_000_000;
const COLOUR = "#ffffff";

/** A mask that is being painted. */
export class Brush {
  /** `label`: one whose mask is gone on with; null: a new one. Null where the sheet is too large. */
  static on(viewer, label) {
    const { width, height } = viewer.size;
    return width > 0 && width * height <= PIXELS_MAX ? new Brush(viewer, label) : null;
  }

  constructor(viewer, label) {
    Object.assign(this, { viewer, label, canvas: new OffscreenCanvas(viewer.size.width, viewer.size.height), last: null });
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    const known = label && maskBitmap(label.selector, COLOUR);
    if (known) this.context.drawImage(known, 0, 0, this.canvas.width, this.canvas.height);
  }

  /** Paints, or takes away, from the last place to this one. */
  stroke(x, y, isAway) {
    const { context, last } = this;
    context.globalCompositeOperation = isAway ? "destination-out" : "source-over";
    context.strokeStyle = COLOUR;
    context.lineCap = "round";
    context.lineWidth = Math.max(1, 2 * WIDE / this.viewer.view.scale);
    context.beginPath();
    context.moveTo(...last ?? [x, y]);
    context.lineTo(x, y + 1e-3);
    context.stroke();
    this.last = [x, y];
    this.isPainted = true;
  }

  /** Ends a stroke. */
  lift() {
    this.last = null;
  }

  /** The mask; null where nothing is painted. */
  selector() {
    const { width, height } = this.canvas;
    const { data } = this.context.getImageData(0, 0, width, height);
    const counts = [];
    let [isOn, run, some] = [false, 0, false];
    for (let x = 0; x < width; x += 1) for (let y = 0; y < height; y += 1) {
      const on = data[(y * width + x) * 4 + 3] > 127;
      if (on !== isOn) {
        counts.push(run);
        [isOn, run] = [on, 0];
      }
      run += 1;
      some ||= on;
    }
    counts.push(run);
    return some && this.isPainted ? { kind: "mask", width, height, counts } : null;
  }

  /** Shows what is painted. */
  draw(context, { scale, x, y }) {
    context.globalAlpha = 0.55;
    context.drawImage(this.canvas, x, y, this.canvas.width * scale, this.canvas.height * scale);
    context.globalAlpha = 1;
  }
}
