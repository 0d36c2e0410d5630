// The viewer of pictures: layers of canvas over each other. The lowest has the picture, the next all labels, the highest
// what is selected or being drawn. No label has an element of its own, so ten thousand of them cost one drawing.

import { el } from "../core/dom.js";
import { t } from "../core/text.js";
import { over, dash } from "../core/colour.js";
import { flat, bounds, hits, handles, links } from "./geometry.js";
import { PlaceIndex } from "./index.js";
import { paint, caption } from "./paint.js";
import { paintBoxes } from "./pixels.js";
import { Tools } from "./tools.js";

const CAPTIONS_MAX = 150;
// From so many labels on, boxes are outlines without a filling.
const MANY = 1500;

/** Shows one picture with labels. */
export class PictureViewer {
  /**
   * `context` gives `onSelect(id)`, `onDraw(selector)`, `onChange(label, selector)`, `canEdit`, `classOf(label)` and the
   * item's key; `only` shows one company's labels.
   */
  constructor(host, context, only = null) {
    Object.assign(this, { host, context, only, labels: [], entries: [], selected: null, hidden: new Set(), isHiding: false, frame: 0 });
    this.base = el("canvas", { class: "layer", "aria-hidden": "true" });
    this.middle = el("canvas", { class: "layer", "aria-hidden": "true" });
    this.top = el("canvas", { class: "layer top", tabindex: "0", role: "application", "aria-label": t("view.picture"), "aria-describedby": "view-help" });
    this.stage = el("div", { class: "stage" }, this.base, this.middle, this.top);
    host.append(this.stage);
    this.view = { scale: 1, x: 0, y: 0 };
    this.size = { width: 0, height: 0 };
    this.tools = new (this.constructor.Tools ?? Tools)(this);
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.stage);
    this.listenKeys();
  }

  /** The picture (an ImageBitmap or null) and the size of the sheet in pixels of the item. */
  setPicture(bitmap, width, height) {
    Object.assign(this, { bitmap, size: { width, height } });
    this.fit();
  }

  /** The labels of the item. */
  setLabels(labels) {
    this.labels = labels;
    this.rebuild();
  }

  /** Another frame of a recording. */
  setFrame(frame) {
    this.frame = frame;
    this.rebuild();
  }

  rebuild() {
    this.entries = [];
    const relations = [];
    for (const label of this.labels) {
      if (label.status === "retracted" && !this.context.showRetracted?.()) continue;
      if (this.only && label.org !== this.only) continue;
      if (this.context.isShown && !this.context.isShown(label)) continue;
      if (label.selector.kind === "relation") relations.push(label);
      for (const shape of flat(label.selector, this.frame, this.context.item)) this.entries.push({ label, shape, bounds: bounds(shape) });
    }
    const arrows = relations.flatMap((label) => links(label, this.entries, this.context.item).map((shape) => ({ label, shape, bounds: bounds(shape) })));
    this.entries.push(...arrows);
    this.index = new PlaceIndex(this.entries, this.size.width, this.size.height);
    this.redraw();
  }

  resize() {
    const { clientWidth, clientHeight } = this.stage;
    if (!clientWidth) return;
    this.ratio = Math.min(2, devicePixelRatio || 1);
    for (const canvas of [this.base, this.middle, this.top]) [canvas.width, canvas.height] = [clientWidth * this.ratio, clientHeight * this.ratio];
    if (this.isFitted || !this.wasSized) this.fit();
    else this.redraw();
    this.wasSized = true;
  }

  /** Zooms such that all is seen. */
  fit() {
    const { clientWidth, clientHeight } = this.stage;
    const { width, height } = this.size;
    if (!clientWidth || !width) return;
    const scale = Math.min((clientWidth - 24) / width, (clientHeight - 24) / height);
    this.view = { scale, x: (clientWidth - width * scale) / 2, y: (clientHeight - height * scale) / 2 };
    this.isFitted = true;
    this.redraw();
    this.onView?.(this.view);
  }

  /** Takes the zoom of another viewer, beside which this one stands. */
  setView(view) {
    this.view = { ...view };
    this.isFitted = false;
    this.redraw(true);
  }

  /** Zooms by a factor about a place on screen. */
  zoom(factor, x = this.stage.clientWidth / 2, y = this.stage.clientHeight / 2) {
    const scale = Math.max(0.01, Math.min(80, this.view.scale * factor));
    const share = scale / this.view.scale;
    this.move({ scale, x: x - (x - this.view.x) * share, y: y - (y - this.view.y) * share });
  }

  /** Moves the sheet on screen. */
  pan(dx, dy) {
    this.move({ ...this.view, x: this.view.x + dx, y: this.view.y + dy });
  }

  move(view) {
    this.view = view;
    this.isFitted = false;
    this.redraw(true);
    this.onView?.(view);
  }

  /** The place in the item's pixels under a place on screen. */
  place(event) {
    const frame = this.stage.getBoundingClientRect();
    return [(event.clientX - frame.left - this.view.x) / this.view.scale, (event.clientY - frame.top - this.view.y) / this.view.scale];
  }

  /** Draws at the next frame. While the sheet moves, the labels are drawn from a copy, and anew when it stands still. */
  redraw(isMoving = false) {
    this.isMoving = isMoving && this.entries.length > MANY;
    if (this.isWaiting) return;
    this.isWaiting = requestAnimationFrame(() => {
      this.isWaiting = 0;
      this.drawBase();
      if (this.isMoving && this.copy) this.drawCopy();
      else this.drawLabels();
      this.drawTop();
    });
    clearTimeout(this.settling);
    if (this.isMoving) this.settling = setTimeout(() => this.redraw(), 120);
  }

  /** What labels are called has changed, not where they are: among very many no names are drawn. */
  relabel() {
    if (this.entries.length > MANY) this.redrawTop();
    else this.redraw();
  }

  /** Draws what is selected or in hand alone: all labels stay as they are. */
  redrawTop() {
    if (this.isWaiting || this.isTopWaiting) return;
    this.isTopWaiting = requestAnimationFrame(() => {
      this.isTopWaiting = 0;
      this.drawTop();
    });
  }

  begin(canvas) {
    const context = canvas.getContext("2d");
    context.setTransform(this.ratio ?? 1, 0, 0, this.ratio ?? 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    return context;
  }

  drawBase() {
    const context = this.begin(this.base);
    const { scale, x, y } = this.view;
    const [width, height] = [this.size.width * scale, this.size.height * scale];
    if (this.bitmap) {
      context.imageSmoothingEnabled = scale < 3;
      context.drawImage(this.bitmap, x, y, width, height);
    } else {
      context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--sheet");
      context.fillRect(x, y, width, height);
    }
  }

  style(label, isSelected = false) {
    const known = this.context.classOf?.(label);
    return { colour: over(label.org), line: isSelected ? 3 : label.contested ? 2.5 : 1.5, dash: label.status === "retracted" ? [2, 4] : dash(label.org),
      fill: isSelected ? 0.28 : 0.1, names: known?.keypoints, skeleton: known?.skeleton };
  }

  drawLabels() {
    const context = this.begin(this.middle);
    this.copy = { view: { ...this.view } };
    if (this.isHiding) return;
    const { clientWidth, clientHeight } = this.stage;
    const { scale, x, y } = this.view;
    const styles = new Map();
    const many = this.entries.length > MANY;
    const boxes = [];
    const others = [];
    const seen = [];
    for (const entry of this.entries) {
      if (this.hidden.has(entry.label.id)) continue;
      const [l, top, r, b] = entry.bounds;
      if (r * scale + x < 0 || l * scale + x > clientWidth || b * scale + y < 0 || top * scale + y > clientHeight) continue;
      const key = `${entry.label.org}\n${entry.label.contested}\n${entry.label.status}\n${entry.shape.kind === "keypoints" ? entry.label.class : ""}`;
      let style = styles.get(key);
      if (!style) styles.set(key, style = { ...this.style(entry.label), ...many ? { fill: 0, line: 1, dash: [] } : {} });
      if (many && entry.shape.kind === "box") boxes.push({ bounds: entry.bounds, colour: style.colour, line: style.line });
      else others.push([entry.shape, style]);
      if (seen.length <= CAPTIONS_MAX) seen.push(entry);
    }
    if (many) paintBoxes(this.middle, boxes, this.view, this.ratio);
    for (const [shape, style] of others) paint(context, shape, this.view, style);
    if (seen.length <= CAPTIONS_MAX && this.context.showNames?.() !== false) {
      for (const { label, bounds: [l, top, r] } of seen) {
        if ((r - l) * scale > 26) caption(context, this.context.caption(label), l * scale + x, Math.max(9, top * scale + y - 9), over(label.org));
      }
    }
  }

  drawCopy() {
    // The canvas itself is the copy: it is moved by the style sheet's means until it is drawn anew.
    const share = this.view.scale / this.copy.view.scale;
    const [dx, dy] = [this.view.x - this.copy.view.x * share, this.view.y - this.copy.view.y * share];
    this.middle.style.transform = `translate(${dx}px, ${dy}px) scale(${share})`;
    this.isCopied = true;
  }

  drawTop() {
    if (this.isCopied && !this.isMoving) {
      this.middle.style.transform = "";
      this.isCopied = false;
    }
    const context = this.begin(this.top);
    for (const entry of this.entries) {
      if (entry.label.id !== this.selected) continue;
      const shape = this.tools.changed(entry) ?? entry.shape;
      paint(context, shape, this.view, { ...this.style(entry.label, true), colour: "#ffffff", line: 5, fill: 0, dash: [] });
      paint(context, shape, this.view, this.style(entry.label, true));
      if (this.canReshape(entry) && this.tools.name === "select") this.drawHandles(context, shape);
      const [l, top] = bounds(shape);
      caption(context, this.context.caption(entry.label), l * this.view.scale + this.view.x, Math.max(9, top * this.view.scale + this.view.y - 12), over(entry.label.org));
    }
    this.tools.draw(context);
  }

  drawHandles(context, shape) {
    const all = handles(shape);
    if (all.length > 400) return;
    for (const [x, y] of all) {
      context.fillStyle = "#fff";
      context.fillRect(x * this.view.scale + this.view.x - 4, y * this.view.scale + this.view.y - 4, 8, 8);
      context.fillStyle = "#1257a8";
      context.fillRect(x * this.view.scale + this.view.x - 3, y * this.view.scale + this.view.y - 3, 6, 6);
    }
  }

  /** Whether a shape is all that its label says of where: one of several, an arrow or an atom is not to be dragged. */
  canReshape({ label, shape }) {
    const { kind } = label.selector;
    return this.context.canEdit(label) && (kind === "track" || kind === shape.kind);
  }

  /** What lies at a place, the smallest first: a small label inside a large one can be reached. */
  find(x, y) {
    const near = 5 / this.view.scale;
    if (this.isHiding || !this.index) return [];
    const area = ({ bounds: [l, top, r, b] }) => (r - l) * (b - top);
    return this.index.at(x, y, near).filter((entry) => !this.hidden.has(entry.label.id) && hits(entry.shape, x, y, near)).sort((a, b) => area(a) - area(b));
  }

  /** Selects a label; null: none. */
  select(id) {
    this.selected = id;
    this.redrawTop();
  }

  /** Brings a label into sight. */
  reveal(id) {
    const entry = this.entries.find((each) => each.label.id === id);
    if (!entry) return;
    const { scale } = this.view;
    const [l, top, r, b] = entry.bounds;
    const [x, y] = [(l + r) / 2 * scale + this.view.x, (top + b) / 2 * scale + this.view.y];
    const { clientWidth, clientHeight } = this.stage;
    if (x < 0 || y < 0 || x > clientWidth || y > clientHeight) this.pan(clientWidth / 2 - x, clientHeight / 2 - y);
  }

  /** Shows a label large, with some of what is around it. */
  focusOn(id) {
    const entry = this.entries.find((each) => each.label.id === id);
    const { clientWidth, clientHeight } = this.stage;
    if (!entry || !clientWidth) return;
    const [l, top, r, b] = entry.bounds;
    const scale = Math.min(8, clientWidth / Math.max(40, (r - l) * 3.5), clientHeight / Math.max(40, (b - top) * 3.5));
    this.move({ scale, x: clientWidth / 2 - (l + r) / 2 * scale, y: clientHeight / 2 - (top + b) / 2 * scale });
  }

  /** Hides or shows all labels. */
  hideAll(isHiding) {
    this.isHiding = isHiding;
    this.redraw();
  }

  listenKeys() {
    let isLeaving = false;
    this.top.addEventListener("keydown", (event) => {
      if (event.key === "Escape") isLeaving = true;
      if (event.key !== "Tab") return;
      // After Escape the next Tab leaves the picture, so nobody is kept in it.
      if (isLeaving || !this.entries.length) {
        isLeaving = false;
        return;
      }
      event.preventDefault();
      this.context.onStep(event.shiftKey ? -1 : 1);
    });
    this.top.addEventListener("wheel", (event) => {
      event.preventDefault();
      const frame = this.stage.getBoundingClientRect();
      this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), event.clientX - frame.left, event.clientY - frame.top);
    }, { passive: false });
  }

  /** Ends it. */
  end() {
    this.observer.disconnect();
    cancelAnimationFrame(this.isWaiting);
    clearTimeout(this.settling);
    this.stage.remove();
  }
}
