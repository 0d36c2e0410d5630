// What the pointer does on a picture: select, move, drag a corner, draw.

import { dragged, shifted, rounded, handles } from "./geometry.js";
import { paint } from "./paint.js";
import { Brush } from "./brush.js";

const FRESH = { colour: "#ffffff", line: 2, dash: [5, 4], fill: 0.12 };

/** The tool in hand: `select`, `box`, `rotatedBox`, `polygon`, `polyline`, `keypoints` or `mask`. */
export class Tools {
  constructor(viewer) {
    Object.assign(this, { viewer, name: "select", points: [], grip: null });
    const { top } = viewer;
    top.addEventListener("pointerdown", (event) => this.down(event));
    top.addEventListener("pointermove", (event) => this.moved(event));
    top.addEventListener("pointerup", (event) => this.up(event));
    top.addEventListener("pointercancel", () => this.drop());
    top.addEventListener("dblclick", () => { if (["polygon", "polyline"].includes(this.name)) this.finish(); });
    top.addEventListener("contextmenu", (event) => { if (this.points.length) { event.preventDefault(); this.finish(); } });
  }

  /** Takes another tool. `count` is how many keypoints the class has. */
  take(name, count = 0) {
    this.name = name;
    this.count = count;
    this.points = [];
    this.brush = null;
    this.viewer.top.classList.toggle("drawing", name !== "select");
    this.viewer.redrawTop();
  }

  /** Lets go of what is in hand; false where there was nothing. */
  drop() {
    const had = this.points.length > 0 || this.grip !== null || Boolean(this.brush);
    this.points = [];
    this.brush = null;
    this.grip = null;
    this.viewer.redrawTop();
    return had;
  }

  /** The shape of an entry while it is dragged; null where it is not. */
  changed(entry) {
    return this.grip?.entry === entry ? this.grip.shape : null;
  }

  down(event) {
    const { viewer } = this;
    viewer.top.focus({ preventScroll: true });
    const [x, y] = viewer.place(event);
    viewer.top.setPointerCapture(event.pointerId);
    // The middle button and the space bar move the sheet whatever tool is in hand.
    if (event.button === 1 || viewer.isSpaceDown) {
      this.grip = { kind: "pan", at: [event.clientX, event.clientY] };
      event.preventDefault();
      return;
    }
    if (event.button !== 0) return;
    if (this.name === "mask") {
      const { label } = viewer.entries.find((each) => each.label.id === viewer.selected && each.shape.kind === "mask" && each.label.selector.kind === "mask") ?? {};
      this.brush ??= Brush.on(viewer, label ?? null);
      if (!this.brush) return;
      this.grip = { kind: "brush", isAway: event.altKey };
      this.brush.stroke(x, y, event.altKey);
      viewer.redrawTop();
      return;
    }
    if (this.name !== "select") {
      this.begin(x, y);
      return;
    }
    this.grip = this.gripAt(x, y) ?? this.pick(x, y, event);
  }

  // A corner of what is selected, else what is selected itself.
  gripAt(x, y) {
    const { viewer } = this;
    const entry = viewer.entries.find((each) => each.label.id === viewer.selected);
    if (!entry || !viewer.canReshape(entry)) return null;
    const near = 8 / viewer.view.scale;
    const all = handles(entry.shape);
    const handle = all.findIndex(([hx, hy]) => Math.abs(hx - x) <= near && Math.abs(hy - y) <= near);
    if (handle >= 0) return { kind: "handle", entry, handle, shape: entry.shape };
    return null;
  }

  pick(x, y, event) {
    const { viewer } = this;
    const found = viewer.find(x, y);
    if (!found.length) return { kind: "pan", at: [event.clientX, event.clientY], isClick: true };
    // A second click at one place takes what lies below.
    const index = found.findIndex((each) => each.label.id === viewer.selected);
    const wasSelected = index >= 0;
    const entry = wasSelected ? found[index] : found[0];
    if (!wasSelected) viewer.context.onSelect(entry.label.id);
    return { kind: "move", entry, from: [x, y], at: [event.clientX, event.clientY], shape: entry.shape, next: wasSelected && found.length > 1 ? found[(index + 1) % found.length] : null };
  }

  moved(event) {
    const { viewer, grip } = this;
    const [x, y] = viewer.place(event);
    this.pointer = [x, y];
    if (!grip) {
      if (this.points.length) viewer.redrawTop();
      return;
    }
    if (grip.kind === "pan") {
      const [dx, dy] = [event.clientX - grip.at[0], event.clientY - grip.at[1]];
      if (grip.isClick && Math.hypot(dx, dy) < 3) return;
      grip.isClick = false;
      grip.at = [event.clientX, event.clientY];
      viewer.pan(dx, dy);
      return;
    }
    if (grip.kind === "brush") this.brush?.stroke(x, y, grip.isAway);
    if (grip.kind === "handle") grip.shape = dragged(grip.entry.shape, grip.handle, x, y);
    if (grip.kind === "move") {
      if (!viewer.canReshape(grip.entry) || Math.hypot(event.clientX - grip.at[0], event.clientY - grip.at[1]) < 4 && !grip.hasMoved) return;
      grip.hasMoved = true;
      grip.shape = shifted(grip.entry.shape, x - grip.from[0], y - grip.from[1]) ?? grip.shape;
    }
    viewer.redrawTop();
  }

  up(event) {
    const { viewer, grip } = this;
    this.grip = null;
    if (this.name === "box" || this.name === "rotatedBox") {
      // Both ways of drawing a box: drag, or click at two corners.
      const [x, y] = viewer.place(event);
      if (this.points.length === 2 && Math.hypot(x - this.points[0], y - this.points[1]) * viewer.view.scale > 5) this.end(x, y);
      return;
    }
    if (!grip) return;
    this.brush?.lift();
    if (grip.kind === "pan" && grip.isClick) viewer.context.onSelect(null);
    if (grip.kind === "move" && !grip.hasMoved && grip.next) viewer.context.onSelect(grip.next.label.id);
    if ((grip.kind === "handle" || grip.hasMoved) && grip.shape !== grip.entry.shape) {
      const shape = rounded(grip.shape);
      grip.entry.shape = shape;
      viewer.context.onChange(grip.entry.label, shape);
    }
    viewer.redrawTop();
  }

  begin(x, y) {
    const isBox = this.name === "box" || this.name === "rotatedBox";
    if (isBox && this.points.length === 2) {
      this.end(x, y);
      return;
    }
    const near = 8 / this.viewer.view.scale;
    // A click on the first point closes a polygon.
    if (this.name === "polygon" && this.points.length >= 6 && Math.hypot(x - this.points[0], y - this.points[1]) < near) {
      this.finish();
      return;
    }
    this.points.push(x, y);
    if (this.name === "keypoints" && this.count && this.points.length / 2 >= this.count) this.finish();
    this.viewer.redrawTop();
  }

  end(x, y) {
    this.points.push(x, y);
    this.finish();
  }

  /** Ends what is drawn and gives it to the context; false where it is not yet a shape. */
  finish() {
    if (this.name === "select") return false;
    if (this.brush) return this.finishMask();
    // Who draws without a pointer gets a shape in the middle of what is seen, to be moved by keys and changed by numbers.
    if (!this.points.length) this.points = this.middle();
    const selector = this.shape();
    if (!selector) return false;
    this.points = [];
    this.viewer.context.onDraw(rounded(clipped(selector, this.viewer.size)));
    return true;
  }

  finishMask() {
    const { brush } = this;
    const selector = brush.selector();
    this.brush = null;
    this.viewer.redrawTop();
    if (!selector) return false;
    if (brush.label) this.viewer.context.onChange(brush.label, selector);
    else this.viewer.context.onDraw(selector);
    return true;
  }

  middle() {
    const { view: { scale, x, y }, stage: { clientWidth, clientHeight } } = this.viewer;
    const at = (share, size, shift) => (size * share - shift) / scale;
    const [l, r, t, b] = [at(0.44, clientWidth, x), at(0.56, clientWidth, x), at(0.44, clientHeight, y), at(0.56, clientHeight, y)];
    if (this.name === "keypoints") return Array.from({ length: Math.max(1, this.count) }, (_, index) => [l + (r - l) * index / Math.max(1, this.count - 1), (t + b) / 2]).flat();
    if (this.name === "mask") return [];
    return this.name === "polygon" ? [l, t, r, t, r, b, l, b] : [l, t, r, b];
  }

  /** Takes the last point back. */
  back() {
    this.points.splice(-2);
    this.viewer.redrawTop();
  }

  shape(pointer = []) {
    const points = [...this.points, ...pointer];
    const [ax, ay, bx, by] = points;
    switch (this.name) {
      case "box": return points.length >= 4 ? { kind: "box", x: Math.min(ax, bx), y: Math.min(ay, by), width: Math.abs(bx - ax), height: Math.abs(by - ay) } : null;
      case "rotatedBox": return points.length >= 4 ? { kind: "rotatedBox", centerX: (ax + bx) / 2, centerY: (ay + by) / 2, width: Math.abs(bx - ax), height: Math.abs(by - ay), angle: 0 } : null;
      case "polygon": return points.length >= 6 ? { kind: "polygon", parts: [[points]] } : null;
      case "polyline": return points.length >= 4 ? { kind: "polyline", points } : null;
      case "keypoints": return points.length ? { kind: "keypoints", points: Array.from({ length: Math.max(this.count, points.length / 2) }, (_, i) => (i < points.length / 2 ? [points[2 * i], points[2 * i + 1], 2] : [0, 0, 0])) } : null;
      default: return null;
    }
  }

  /** Draws what is being drawn. */
  draw(context) {
    this.brush?.draw(context, this.viewer.view);
    if (!this.points.length) return;
    const selector = this.shape(this.pointer ?? []) ?? { kind: "polyline", points: [...this.points, ...this.pointer ?? []] };
    paint(context, selector, this.viewer.view, FRESH);
  }
}

// A box that was drawn over the edge ends there.
function clipped(selector, { width, height }) {
  if (selector.kind !== "box" || !width) return selector;
  const [l, t] = [Math.max(0, selector.x), Math.max(0, selector.y)];
  const [r, b] = [Math.min(width, selector.x + selector.width), Math.min(height, selector.y + selector.height)];
  return r > l && b > t ? { kind: "box", x: l, y: t, width: r - l, height: b - t } : selector;
}
