// Molecules and drawings: what a molfile or a DXF file draws, with labels on its atoms, bonds and entities.

import { t } from "../core/text.js";
import { over } from "../core/colour.js";
import { PictureViewer } from "./picture.js";
import { PlaceIndex } from "./index.js";
import { bounds, hits } from "./geometry.js";
import { Tools } from "./tools.js";
import { paint } from "./paint.js";
import { molecule, drawing } from "./vectors.js";

const SHEET = 1000;

// The tool that marks atoms, bonds and entities: a click or the space bar takes one in or out, Enter makes them a label.
class GraphTools extends Tools {
  picked = new Set();

  take(name, count) {
    this.picked?.clear();
    super.take(name, count);
  }

  begin(x, y) {
    const near = 6 / this.viewer.view.scale;
    const found = (this.viewer.parts ?? []).filter((part) => part.name && hits(outline(part), x, y, near));
    // A small part before a large one around it: an atom before its bonds.
    this.toggle(found.sort((a, b) => a.points.length - b.points.length || a.radius - b.radius)[0]);
  }

  toggle(part) {
    if (!part) return;
    const name = part.twin ?? part.name;
    if (!this.picked.delete(name)) {
      // One label is of atoms or of bonds, not of both.
      for (const each of this.picked) if (kindOf(each) !== kindOf(name)) this.picked.delete(each);
      this.picked.add(name);
    }
    this.viewer.redrawTop();
  }

  step(by) {
    const named = (this.viewer.parts ?? []).filter((part) => part.name && !part.twin);
    if (!named.length) return;
    this.at = ((this.at ?? -1) + by + named.length) % named.length;
    this.current = named[this.at];
    this.viewer.redrawTop();
  }

  finish() {
    if (this.name !== "graph" || !this.picked.size) return false;
    const names = [...this.picked];
    this.picked.clear();
    this.viewer.context.onDraw({ kind: "graph", elementKind: kindOf(names[0]), elements: names.map((each) => each.replace(/^(atom|bond) /, "")) });
    return true;
  }

  drop() {
    const had = this.picked.size > 0;
    this.picked.clear();
    return super.drop() || had;
  }

  draw(context) {
    const fresh = { colour: "#1257a8", line: 3, dash: [], fill: 0.2 };
    for (const name of this.picked) paint(context, outline(this.viewer.byName.get(name)), this.viewer.view, fresh);
    if (this.name === "graph" && this.current) paint(context, outline(this.current), this.viewer.view, { ...fresh, dash: [3, 3], fill: 0 });
  }
}

function kindOf(name) {
  return name.startsWith("atom ") ? "atom" : name.startsWith("bond ") ? "bond" : "entity";
}

/** The viewer of SDF and DXF items. Coordinates of the file are turned into those of a sheet with y down. */
export class Viewer extends PictureViewer {
  static Tools = GraphTools;

  constructor(host, context, only) {
    super(host, context, only);
    this.top.setAttribute("aria-label", t("view.graph"));
  }

  /** The next part, while the tool is in hand. */
  stepFrame(by) {
    if (this.tools.name !== "graph") return false;
    this.tools.step(by);
    return true;
  }

  /** Takes the part in or out. */
  play() {
    if (this.tools.name !== "graph") return false;
    this.tools.toggle(this.tools.current);
    return true;
  }

  /** Reads the structure from the item's field, else from its file. */
  async load(file, { field }) {
    const molfile = field("sdf.molfile");
    const text = molfile ?? (file ? await file.blob.text() : "");
    const parts = molfile || /V2000/.test(text.slice(0, 2000)) ? molecule(text) : drawing(text);
    const list = parts.flatMap(({ points, radius }) => (radius ? [points[0] - radius, points[1] - radius, points[0] + radius, points[1] + radius] : points));
    const [left, top, right, bottom] = list.length ? bounds({ kind: "polyline", points: list }) : [0, 0, 1, 1];
    const scale = SHEET / Math.max(right - left, bottom - top, 1e-9);
    const place = (points) => points.map((value, index) => (index % 2 ? (bottom - value) * scale + 90 : (value - left) * scale + 90));
    this.parts = parts.map((each) => ({ ...each, points: place(each.points), radius: (each.radius ?? 0) * scale }));
    this.byName = new Map(this.parts.flatMap((each) => (each.name ? [[each.name, each]] : [])));
    this.setPicture(null, (right - left) * scale + 180, (bottom - top) * scale + 180);
    this.rebuild();
  }

  rebuild() {
    this.entries = [];
    for (const label of this.labels) {
      if (label.status === "retracted" && !this.context.showRetracted?.() || this.only && label.org !== this.only || this.context.isShown && !this.context.isShown(label)) continue;
      for (const shape of this.shapes(label.selector)) this.entries.push({ label, shape, bounds: bounds(shape) });
    }
    this.index = new PlaceIndex(this.entries, this.size.width, this.size.height);
    this.redraw();
  }

  shapes(selector) {
    if (selector.kind === "relation") return [...selector.from, ...selector.to].flatMap((each) => (each.selector ? this.shapes(each.selector) : []));
    if (selector.kind !== "graph") return [];
    return selector.elements.flatMap((name) => {
      const part = this.byName?.get(selector.elementKind === "atom" ? `atom ${name}` : selector.elementKind === "bond" ? `bond ${name}` : name);
      return part ? [outline(part)] : [];
    });
  }

  drawBase() {
    super.drawBase();
    const context = this.base.getContext("2d");
    const { scale, x, y } = this.view;
    const style = getComputedStyle(document.documentElement);
    context.strokeStyle = style.getPropertyValue("--text");
    context.fillStyle = style.getPropertyValue("--text");
    context.lineWidth = 1.2;
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (const part of this.parts ?? []) {
      const [px, py] = [part.points[0] * scale + x, part.points[1] * scale + y];
      if (part.kind === "text" || part.kind === "atom") {
        context.font = `600 ${Math.max(9, Math.min(22, 22 * scale))}px system-ui, sans-serif`;
        if (part.kind === "atom" && part.text === "C") continue;
        const width = context.measureText(part.text).width + 4;
        context.save();
        context.fillStyle = style.getPropertyValue("--sheet");
        if (part.kind === "atom") context.fillRect(px - width / 2, py - 9, width, 18);
        context.restore();
        context.fillText(part.text, px, py);
      } else if (part.kind === "arc") {
        context.beginPath();
        context.arc(px, py, part.radius * scale, part.from, part.to);
        context.stroke();
      } else {
        context.beginPath();
        for (let at = 0; at + 1 < part.points.length; at += 2) context.lineTo(part.points[at] * scale + x, part.points[at + 1] * scale + y);
        if (part.isClosed) context.closePath();
        context.stroke();
        if (part.order > 1) this.second(context, part, scale, x, y);
      }
    }
  }

  // A double bond has a second line beside the first one.
  second(context, { points: [ax, ay, bx, by], order }, scale, x, y) {
    const length = Math.hypot(bx - ax, by - ay) || 1;
    for (let each = 1; each < Math.min(3, order); each += 1) {
      const [dx, dy] = [(by - ay) / length * 12 * each, (ax - bx) / length * 12 * each];
      context.beginPath();
      context.moveTo((ax + dx) * scale + x, (ay + dy) * scale + y);
      context.lineTo((bx + dx) * scale + x, (by + dy) * scale + y);
      context.stroke();
    }
  }

  style(label, isSelected) {
    return { colour: over(label.org), line: isSelected ? 3 : 2, dash: [], fill: isSelected ? 0.4 : 0.22 };
  }
}

// Where one can click an element: a ring about a point, a line as it is.
function outline(part) {
  const [x, y] = part.points;
  if (part.kind === "arc") return { kind: "ellipse", centerX: x, centerY: y, width: part.radius * 2, height: part.radius * 2, angle: 0 };
  if (part.points.length === 2) return { kind: "ellipse", centerX: x, centerY: y, width: 46, height: 46, angle: 0 };
  return { kind: "polyline", points: part.isClosed ? [...part.points, x, y] : part.points };
}
