// Tables: rows and cells with their labels.

import { el, fill, inert } from "../core/dom.js";
import { t } from "../core/text.js";
import { Virtual } from "../core/virtual.js";
import { BaseViewer } from "./base.js";

const ROWS_MAX = 2_000_000;
const COLUMNS_MAX = 60;

/** The viewer of tables whose labels speak of rows and cells. */
export class Viewer extends BaseViewer {
  constructor(host, context, only) {
    super(host, context, only);
    this.head = el("div", { class: "gridhead" });
    this.scroller = el("div", { class: "scroller", tabindex: "0", "aria-label": t("panel.item") });
    this.host.append(el("div", { class: "sheetview" }, this.head, this.scroller));
    this.rows = [];
    this.place = { row: 0, column: 0 };
    this.tools = { name: "select", points: [], take: (name) => { [this.tools.name, this.from] = [name, null]; this.grid.refresh(); }, drop: () => { const had = this.from; this.from = null; this.grid.refresh(); return Boolean(had); },
      finish: () => this.tools.name === "cells" && this.mark(this.place.row, this.place.column), back: () => {} };
    this.scroller.addEventListener("keydown", (event) => this.moved(event));
    this.grid = new Virtual(this.scroller, { height: 25, label: t("panel.item"), make: () => el("div", { class: "gridrow", role: "listitem" }), show: (row, index) => this.showRow(row, index) });
  }

  /** Reads the file; without one the rows that are labelled stand alone. */
  async load(file, { labels }) {
    const all = file ? table(await file.blob.text()) : null;
    this.names = all?.[0].slice(0, COLUMNS_MAX) ?? [...new Set(labels.flatMap((each) => each.selector.columns ?? []))];
    this.rows = all ? all.slice(1) : Array.from({ length: Math.min(ROWS_MAX, Math.max(0, ...labels.map((each) => each.selector.rowEnd ?? 0))) }, () => []);
    const columns = `64px repeat(${Math.max(1, this.names.length)}, minmax(90px, 1fr)) 180px`;
    this.columns = columns;
    this.head.style.gridTemplateColumns = columns;
    fill(this.head, el("span", {}, "#"), this.names.map((name) => el("span", { title: inert(name) }, inert(name))), el("span", {}, t("panel.labels")));
    this.index();
    this.grid.setCount(this.rows.length);
  }

  redraw() {
    this.later(() => {
      this.index();
      this.grid.refresh();
    });
  }

  // Labels by row; those of very many rows stand in a list of their own.
  index() {
    this.byRow = new Map();
    this.wide = [];
    for (const label of this.seen()) {
      const { selector } = label;
      if (selector.kind !== "cells") continue;
      if (selector.rowEnd - selector.rowStart > 2000) this.wide.push(label);
      else for (let row = selector.rowStart; row < selector.rowEnd; row += 1) this.byRow.set(row, [...this.byRow.get(row) ?? [], label]);
    }
  }

  // With the tool in hand the arrows move from cell to cell.
  moved(event) {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step || this.tools.name !== "cells") return;
    event.preventDefault();
    this.place = { row: Math.max(0, Math.min(this.rows.length - 1, this.place.row + step[0])), column: Math.max(0, Math.min(this.names.length - 1, this.place.column + step[1])) };
    this.grid.reveal(this.place.row);
    this.grid.refresh();
  }

  // Two corners make a label: twice the same cell is that cell.
  mark(row, column) {
    if (!this.context.canEdit()) return false;
    this.place = { row, column };
    const { from } = this;
    this.from = from ? null : { row, column };
    this.grid.refresh();
    if (!from) return true;
    const [first, last] = [from.column, column].sort((a, b) => a - b);
    this.context.onDraw({ kind: "cells", rowStart: Math.min(from.row, row), rowEnd: Math.max(from.row, row) + 1, columns: this.names.slice(first, last + 1) });
    return true;
  }

  isMarked(row, column) {
    if (this.tools.name !== "cells") return false;
    const { place, from } = this;
    const inside = (value, a, b) => value >= Math.min(a, b) && value <= Math.max(a, b);
    return inside(row, place.row, (from ?? place).row) && inside(column, place.column, (from ?? place).column);
  }

  showRow(row, index) {
    const labels = [...this.byRow?.get(index) ?? [], ...(this.wide ?? []).filter((each) => index >= each.selector.rowStart && index < each.selector.rowEnd)];
    row.style.gridTemplateColumns = this.columns;
    const cells = this.names.map((name, column) => {
      const label = labels.find((each) => !each.selector.columns.length || each.selector.columns.includes(name));
      const onclick = () => { if (this.tools.name === "cells") this.mark(index, column); else if (label) this.context.onSelect(label.id); };
      return el("span", { class: `${label ? `marked ${label.id === this.selected ? "selected" : ""}` : ""} ${this.isMarked(index, column) ? "fresh" : ""}`, style: label ? { "--ink": this.colour(label) } : {}, onclick }, inert(this.rows[index]?.[column] ?? ""));
    });
    fill(row, el("span", { class: "muted" }, String(index)), cells, el("span", {}, labels.slice(0, 4).map((label) => el("button", { type: "button", class: "quiet small", style: { color: this.colour(label) }, onclick: () => this.context.onSelect(label.id) }, this.context.caption(label)))));
  }

  /** Brings a label into sight. */
  reveal(id) {
    const label = this.labels.find((each) => each.id === id);
    if (label?.selector.kind === "cells") this.grid.reveal(label.selector.rowStart);
  }

  end() {
    this.grid.end();
    super.end();
  }
}

/** The cells of a CSV file (RFC 4180; also with semicolons or tabs). */
export function table(text) {
  const head = text.slice(0, text.indexOf("\n") < 0 ? text.length : text.indexOf("\n"));
  const separator = [",", ";", "\t"].reduce((best, each) => (head.split(each).length > head.split(best).length ? each : best), ",");
  const rows = [];
  let [row, from, at] = [[], 0, 0];
  const source = text.replace(/^\ufeff/, "");
  while (at < source.length && rows.length < ROWS_MAX) {
    if (source[at] === "\"" && at === from) {
      let end = source.indexOf("\"", at + 1);
      while (end >= 0 && source[end + 1] === "\"") end = source.indexOf("\"", end + 2);
      if (end < 0) end = source.length;
      row.push(source.slice(at + 1, end).replace(/""/g, "\""));
      at = end + 1;
      if (source[at] === "\r") at += 1;
      if (source[at] === "\n" || at >= source.length) {
        rows.push(row);
        row = [];
      }
      at += 1;
      from = at;
      continue;
    }
    const sign = source[at];
    if (sign === separator || sign === "\n") {
      row.push(source.slice(from, at).replace(/\r$/, ""));
      from = at + 1;
      if (sign === "\n") {
        rows.push(row);
        row = [];
      }
    }
    at += 1;
  }
  if (from < source.length || row.length) rows.push([...row, source.slice(from)]);
  return rows.length ? rows : [[]];
}
