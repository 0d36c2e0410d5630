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

  showRow(row, index) {
    const labels = [...this.byRow?.get(index) ?? [], ...(this.wide ?? []).filter((each) => index >= each.selector.rowStart && index < each.selector.rowEnd)];
    row.style.gridTemplateColumns = this.columns;
    const cells = this.names.map((name, column) => {
      const label = labels.find((each) => !each.selector.columns.length || each.selector.columns.includes(name));
      return el("span", label ? { class: `marked ${label.id === this.selected ? "selected" : ""}`, style: { "--ink": this.colour(label) }, onclick: () => this.context.onSelect(label.id) } : {}, inert(this.rows[index]?.[column] ?? ""));
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
