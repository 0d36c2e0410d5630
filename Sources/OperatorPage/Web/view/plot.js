// Lines over time in lanes, with labels as bands: for series and for sound. It draws what is seen and nothing else.

import { el } from "../core/dom.js";
import { number } from "../core/text.js";
import { BaseViewer } from "./base.js";
import { KeyMoves } from "./rest.js";
import { range } from "./pyramid.js";
import { caption } from "./paint.js";

const AXIS = 22;
const LANE_LINES = ["#3b82c4", "#4d9d6a", "#b5762f", "#9864ad", "#5b8f95", "#a25a5a"];

/** A viewer with a horizontal axis in seconds or rows. */
export class Plot extends BaseViewer {
  constructor(host, context, only, name) {
    super(host, context, only);
    this.moves = new KeyMoves();
    this.canvas = el("canvas", { class: "fillup", tabindex: "0", role: "application", "aria-label": name, "aria-describedby": "view-help" });
    this.box = el("div", { class: "plot" }, this.canvas);
    host.append(this.box);
    this.channels = [];
    this.tools = { name: "select", points: [], take: (tool) => { this.tools.name = tool; this.canvas.style.cursor = tool === "interval" ? "col-resize" : ""; }, drop: () => { const had = this.fresh; this.fresh = null; this.redraw(); return Boolean(had); }, finish: () => this.finish(), back: () => {} };
    this.observer = new ResizeObserver(() => this.redraw());
    this.observer.observe(this.box);
    this.listen();
  }

  /** The lanes: each has `name`, `values`, `levels`; `times` (null: rows) ascend. */
  setData(channels, times, length, rate = 1) {
    Object.assign(this, { channels, times, rate, length });
    [this.first, this.last] = times ? [times[0], times[times.length - 1]] : [0, length / rate];
    if (!(this.last > this.first)) this.last = this.first + 1;
    for (const channel of channels) {
      const [low, high] = range(channel.values, channel.levels, 0, channel.values.length) ?? [0, 1];
      channel.low = low === high ? low - 1 : low;
      channel.high = low === high ? high + 1 : high;
    }
    this.fit();
  }

  /** Shows all. */
  fit() {
    [this.from, this.to] = [this.first, this.last];
    this.redraw();
  }

  /** Zooms about a place on screen. */
  zoom(factor, x = this.canvas.clientWidth / 2) {
    const at = this.timeAt(x);
    const span = Math.max((this.last - this.first) / 1e7, Math.min(this.last - this.first, (this.to - this.from) / factor));
    const share = (at - this.from) / (this.to - this.from);
    this.look(at - span * share, at + span * (1 - share));
  }

  look(from, to) {
    const span = to - from;
    const start = Math.max(this.first, Math.min(this.last - span, from));
    [this.from, this.to] = [start, start + span];
    this.redraw();
    this.onView?.({ from: this.from, to: this.to });
  }

  /** Takes the stretch of another viewer beside this one. */
  setView({ from, to }) {
    [this.from, this.to] = [from, to];
    this.redraw();
  }

  timeAt(x) {
    return this.from + x / this.canvas.clientWidth * (this.to - this.from);
  }

  xAt(time) {
    return (time - this.from) / (this.to - this.from) * this.canvas.clientWidth;
  }

  /** The sample at a time. */
  rowAt(time) {
    if (!this.times) return time * this.rate;
    let [low, high] = [0, this.times.length];
    while (low < high) {
      const middle = low + high >> 1;
      if (this.times[middle] < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The time of a sample. */
  timeOf(row) {
    if (!this.times) return row / this.rate;
    return this.times[Math.max(0, Math.min(this.times.length - 1, row))];
  }

  /** From when to when a label speaks, and of which lanes (null: all). */
  stretch(label) {
    const { selector } = label;
    if (selector.kind === "interval") return { from: selector.start, to: selector.end, lanes: selector.channels.length ? selector.channels : null };
    if (selector.kind === "cells") {
      const lanes = selector.columns.length ? selector.columns : null;
      return { from: this.timeOf(selector.rowStart), to: selector.rowEnd - selector.rowStart === 1 ? this.timeOf(selector.rowStart) : this.timeOf(selector.rowEnd), lanes };
    }
    return null;
  }

  redraw() {
    this.later(() => this.draw());
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!width || this.from === undefined) return;
    const ratio = Math.min(2, devicePixelRatio || 1);
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) [this.canvas.width, this.canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    const context = this.canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const style = getComputedStyle(document.documentElement);
    const colours = { line: style.getPropertyValue("--line"), muted: style.getPropertyValue("--muted"), text: style.getPropertyValue("--text") };
    this.drawAxis(context, width, height, colours);
    const laneHeight = (height - AXIS) / Math.max(1, this.channels.length);
    this.drawBands(context, laneHeight, height);
    this.channels.forEach((channel, index) => this.drawLane(context, channel, index, index * laneHeight, laneHeight, width, colours));
    // Words over the lines.
    for (const words of this.captions) caption(context, ...words);
    this.drawFresh(context, height);
    this.drawMore?.(context, width, height);
    document.documentElement.dataset.drawn = String(Number(document.documentElement.dataset.drawn ?? 0) + 1);
  }

  drawLane(context, channel, index, top, height, width, colours) {
    const Y = (value) => top + 6 + (1 - (value - channel.low) / (channel.high - channel.low)) * (height - 12);
    context.fillStyle = colours.line;
    context.fillRect(0, Math.round(top + height) - 1, width, 1);
    context.strokeStyle = LANE_LINES[index % LANE_LINES.length];
    context.lineWidth = 1;
    context.beginPath();
    let row = this.rowAt(this.from);
    const perPixel = (this.rowAt(this.to) - row) / width;
    if (perPixel < 1.5) {
      // Few samples: a line from one to the next.
      for (let at = Math.max(0, Math.floor(row) - 1); at <= Math.min(channel.values.length - 1, this.rowAt(this.to) + 1); at += 1) {
        if (Number.isFinite(channel.values[at])) context.lineTo(this.xAt(this.timeOf(at)), Y(channel.values[at]));
      }
    } else {
      for (let x = 0; x < width; x += 1) {
        const next = this.rowAt(this.timeAt(x + 1));
        const found = range(channel.values, channel.levels, row, Math.max(next, row + 1));
        if (found) {
          context.moveTo(x + 0.5, Y(found[0]) + 0.5);
          context.lineTo(x + 0.5, Y(found[1]) - 0.5);
        }
        row = next;
      }
    }
    context.stroke();
    context.fillStyle = colours.text;
    context.font = "600 11px system-ui, sans-serif";
    context.textAlign = "left";
    context.textBaseline = "top";
    context.fillText(`${channel.name}`.slice(0, 40), 8, top + 5);
    context.fillStyle = colours.muted;
    context.font = "10px system-ui, sans-serif";
    context.textAlign = "right";
    context.fillText(number(channel.high, 3), width - 6, top + 4);
    context.textBaseline = "bottom";
    context.fillText(number(channel.low, 3), width - 6, top + height - 3);
  }

  drawBands(context, laneHeight, height) {
    const all = this.seen();
    const captions = all.length < 300;
    this.captions = [];
    for (const label of all) {
      const stretch = this.stretch(label);
      if (!stretch || stretch.to < this.from || stretch.from > this.to) continue;
      const [x1, x2] = [this.xAt(stretch.from), Math.max(this.xAt(stretch.to), this.xAt(stretch.from) + 2)];
      const lanes = this.channels.map((channel, index) => (stretch.lanes === null || stretch.lanes.includes(channel.name) || stretch.lanes.includes(String(index + 1)) ? index : -1)).filter((index) => index >= 0);
      const [top, bottom] = lanes.length ? [lanes[0] * laneHeight, (lanes[lanes.length - 1] + 1) * laneHeight] : [0, height - AXIS];
      context.fillStyle = this.colour(label);
      const isSelected = label.id === this.selected;
      context.globalAlpha = isSelected ? 0.34 : 0.15;
      context.fillRect(x1, top, x2 - x1, bottom - top);
      context.globalAlpha = 1;
      context.fillRect(x1, top, isSelected ? 2.5 : 1, bottom - top);
      context.fillRect(x2 - 1, top, isSelected ? 2.5 : 1, bottom - top);
      if (captions && (x2 - x1 > 24 || isSelected || stretch.to === stretch.from)) this.captions.push([`${this.context.caption(label)}${label.fields?.transcript ? ` ${label.fields.transcript}` : ""}`.slice(0, 60), Math.max(0, x1), bottom - 12, this.colour(label, true)]);
    }
  }

  drawAxis(context, width, height, colours) {
    const span = this.to - this.from;
    const step = 10 ** Math.floor(Math.log10(span / 4));
    const nice = [1, 2, 5, 10].map((each) => each * step).find((each) => span / each <= 9);
    context.fillStyle = colours.muted;
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (let at = Math.ceil(this.from / nice) * nice; at <= this.to; at += nice) {
      const x = this.xAt(at);
      context.fillStyle = colours.line;
      context.fillRect(Math.round(x), 0, 1, height - AXIS);
      context.fillStyle = colours.muted;
      context.fillText(this.axisText(at), x, height - AXIS / 2);
    }
  }

  // Seconds since 1970 are dates; other seconds and rows are numbers.
  axisText(at) {
    if (this.times && at > 3e8) return new Date(at * 1000).toISOString().slice(this.to - this.from > 172_800 ? 0 : 11, this.to - this.from > 172_800 ? 10 : 19);
    return this.times || this.rate !== 1 ? `${number(at, 3)} s` : number(at, 0);
  }

  drawFresh(context, height) {
    if (!this.fresh) return;
    const [a, b] = this.fresh.map((each) => this.xAt(each));
    context.fillStyle = "rgb(18 87 168 / .25)";
    context.fillRect(Math.min(a, b), 0, Math.abs(b - a), height - AXIS);
  }

  /** Moves what is selected by a pixel's time; written when the keys rest. */
  nudge(label, dx) {
    const { selector } = label;
    if (selector.kind !== "interval" || !dx) return false;
    const by = dx / this.canvas.clientWidth * (this.to - this.from);
    const tidy = (value) => Math.round(value * 1e6) / 1e6;
    const moved = { ...selector, start: tidy(selector.start + by), end: tidy(selector.end + by) };
    this.moves.move(label, moved, this.context.onChange);
    this.redraw();
    return true;
  }

  finish() {
    if (this.tools.name !== "interval" || !this.context.canEdit()) return false;
    // Without a pointer: a tenth of what is seen, in its middle.
    if (!this.fresh) this.fresh = [0.45, 0.55].map((share) => this.from + (this.to - this.from) * share);
    const [start, end] = [...this.fresh].sort((a, b) => a - b);
    this.fresh = null;
    const tidy = (value) => Math.round(value * 1e6) / 1e6;
    if (this.times || this.rate !== 1) this.context.onDraw({ kind: "interval", start: tidy(start), end: tidy(end), channels: [] });
    else this.context.onDraw({ kind: "cells", rowStart: Math.floor(start), rowEnd: Math.max(Math.floor(start) + 1, Math.ceil(end)), columns: [] });
    return true;
  }

  listen() {
    let grip = null;
    const x = (event) => event.clientX - this.canvas.getBoundingClientRect().left;
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      grip = { x: x(event), from: this.from, to: this.to, isClick: true };
      if (this.tools.name === "interval" && this.context.canEdit()) this.fresh = [this.timeAt(grip.x), this.timeAt(grip.x)];
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!grip) return;
      if (Math.abs(x(event) - grip.x) > 3) grip.isClick = false;
      if (this.fresh) {
        this.fresh[1] = this.timeAt(x(event));
        this.redraw();
      } else if (!grip.isClick) {
        const shift = (grip.x - x(event)) / this.canvas.clientWidth * (grip.to - grip.from);
        this.look(grip.from + shift, grip.to + shift);
      }
    });
    this.canvas.addEventListener("pointerup", (event) => {
      if (this.fresh && !grip.isClick) this.finish();
      else if (this.fresh && this.times) this.point(this.timeAt(x(event)));
      else if (grip?.isClick) this.pick(this.timeAt(x(event)));
      this.fresh = null;
      grip = null;
    });
    this.canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const across = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
      if (across) {
        const shift = (event.deltaX || event.deltaY) / this.canvas.clientWidth * (this.to - this.from);
        this.look(this.from + shift, this.to + shift);
      } else this.zoom(Math.exp(-event.deltaY * 0.002), x(event));
    }, { passive: false });
    let isLeaving = false;
    this.canvas.addEventListener("keydown", (event) => {
      isLeaving = event.key === "Escape" || isLeaving && event.key !== "Tab";
      if (event.key !== "Tab" || isLeaving || !this.labels.length) return;
      event.preventDefault();
      this.context.onStep(event.shiftKey ? -1 : 1);
    });
  }

  // A click with the tool is a point in time: a change point is one row.
  point(time) {
    const row = Math.max(0, Math.min(this.times.length - 1, Math.round(this.rowAt(time))));
    this.context.onDraw({ kind: "cells", rowStart: row, rowEnd: row + 1, columns: [] });
  }

  pick(time) {
    const near = 4 / this.canvas.clientWidth * (this.to - this.from);
    const found = this.seen().map((label) => ({ label, stretch: this.stretch(label) })).filter(({ stretch }) => stretch && time >= stretch.from - near && time <= stretch.to + near).sort((a, b) => a.stretch.to - a.stretch.from - b.stretch.to + b.stretch.from);
    const index = found.findIndex((each) => each.label.id === this.selected);
    this.context.onSelect(found.length ? found[(index + 1) % found.length].label.id : null);
  }

  /** Brings a label into sight. */
  reveal(id) {
    const label = this.labels.find((each) => each.id === id);
    const stretch = label && this.from !== undefined && this.stretch(label);
    if (!stretch || stretch.from < this.to && stretch.to > this.from) return;
    const span = Math.max(this.to - this.from, (stretch.to - stretch.from) * 1.5);
    this.look((stretch.from + stretch.to - span) / 2, (stretch.from + stretch.to + span) / 2);
  }

  end() {
    this.observer.disconnect();
    super.end();
  }
}
