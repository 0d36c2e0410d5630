// Texts and dialogues: spans in the colour of their company, relations between them. Places are Unicode scalars, as the
// labels have them; JavaScript counts UTF-16 units, so an emoji before a span would move it if one did not convert.

import { el, fill, inert, data, link } from "../core/dom.js";
import { t } from "../core/text.js";
import { get, inDataset } from "../core/api.js";
import { to, withQuery } from "../core/router.js";
import { selectorText } from "../core/parts.js";
import { askText, notice } from "../core/notice.js";
import { BaseViewer } from "./base.js";

const SIGNS_MAX = 400_000;
const TURNS_MAX = 60;

/** The viewer of `text/*` and of items with the field `text`. */
export class Viewer extends BaseViewer {
  constructor(host, context, only) {
    super(host, context, only);
    this.whole = el("div", { class: "whole" });
    this.reader = el("div", { class: "reader", tabindex: "0", role: "document", "aria-label": t("panel.item") });
    this.host.append(el("div", { class: "sheetview" }, this.whole, this.reader));
    this.turns = [];
    this.tools = { name: "select", points: [], take: (name) => { if (name === "textSpan") this.mark(); }, drop: () => false, finish: () => false, back: () => {} };
  }

  /** Takes the text from the item's field, else from its file. */
  async load(file, { field }) {
    const text = field("text") ?? (file ? await file.blob.slice(0, SIGNS_MAX * 4).text() : null);
    this.text = text === null ? null : [...text].slice(0, SIGNS_MAX);
    this.speaker = field("speaker");
    const group = field("group");
    if (group) await this.loadTurns(group);
    this.redraw();
  }

  // The other turns of a dialogue, each of which is an item of the same group.
  async loadTurns(group) {
    const { dataset, signal } = this.context;
    const { items } = await get(inDataset(dataset, "items"), { group, limit: TURNS_MAX }, signal);
    const stories = await Promise.all(items.map((each) => get(inDataset(dataset, "item"), { key: each.key }, signal)));
    this.turns = stories.map((story) => ({ key: story.id, group, text: story.fields.text?.value, speaker: story.fields.speaker?.value })).filter((each) => typeof each.text === "string");
  }

  redraw() {
    this.later(() => this.draw());
  }

  draw() {
    const seen = this.seen();
    fill(this.whole, seen.filter((each) => each.selector.kind === "wholeItem").map((label) => this.chip(label, label.class)));
    if (!this.text) {
      fill(this.reader, el("p", { class: "muted" }, t("view.noData")));
      return;
    }
    const prose = el("div", { class: "prose" });
    this.prose = prose;
    for (const piece of pieces(this.text.length, this.spans(seen))) prose.append(this.piece(piece));
    const isDialogue = this.turns.length > 1 || this.speaker;
    fill(this.reader, isDialogue ? this.allTurns(prose) : prose, this.relations(seen));
  }

  spans(labels) {
    const found = [];
    const add = (label, selector, role = "") => {
      if (selector?.kind === "textSpan") found.push({ label, start: selector.start, end: selector.end, role });
      if (selector?.kind === "all") selector.selectors.forEach((each) => add(label, each, role));
      if (selector?.kind === "targets") selector.targets.forEach((each) => { if (!each.item || each.item === this.context.item) add(label, each.selector, each.role); });
      if (selector?.kind === "relation") [...selector.from, ...selector.to].forEach((each) => { if (each.item === this.context.item) add(label, each.selector, each.role || selector.relation); });
    };
    for (const label of labels) add(label, label.selector);
    return found;
  }

  piece({ start, end, spans }) {
    const text = inert(this.text.slice(start, end).join(""));
    if (!spans.length) return document.createTextNode(text);
    const [first, second] = spans;
    const isSelected = spans.some((each) => each.label.id === this.selected);
    const node = el("span", { class: `span ${second ? "double" : ""} ${isSelected ? "selected" : ""}`, style: { "--ink": this.colour(first.label), "--ink2": second ? this.colour(second.label) : "transparent" }, data: { start: String(start) }, onclick: () => {
      // Where several lie upon each other a second click takes the next one.
      const index = spans.findIndex((each) => each.label.id === this.selected);
      this.context.onSelect(spans[(index + 1) % spans.length].label.id);
    } }, text);
    for (const each of spans) if (each.end === end) node.append(el("sup", { style: { "--ink": this.colour(each.label) } }, each.role ? inert(each.role) : this.context.caption(each.label)));
    return node;
  }

  chip(label, name) {
    return el("button", { type: "button", class: "small", "aria-pressed": String(label.id === this.selected), onclick: () => this.context.onSelect(label.id), style: { "border-color": this.colour(label) } }, data(name));
  }

  allTurns(prose) {
    const turns = this.turns.length ? this.turns : [{ key: this.context.item, speaker: this.speaker }];
    return turns.map((turn) => (turn.key === this.context.item ? el("div", { class: "turn current", "aria-current": "true" }, data(turn.speaker ?? ""), prose)
      : el("div", { class: "turn" }, data(turn.speaker ?? ""), link(data(turn.text.slice(0, 2000)), withQuery(to(this.context.dataset, "item", turn.key), { group: turn.group })))));
  }

  relations(labels) {
    const all = labels.filter((each) => each.selector.kind === "relation");
    if (!all.length) return null;
    const end = (target) => (target.item && target.item !== this.context.item ? link(data(target.item), to(this.context.dataset, "item", target.item)) : el("span", {}, target.annotation ? el("span", { class: "mono" }, inert(target.annotation)) : target.selector ? selectorText(target.selector) : data(target.item)));
    return el("section", {}, el("h2", {}, t("view.relations")), el("ul", {}, all.map((label) => el("li", {}, label.selector.from.map(end), " ", this.chip(label, `${label.selector.relation} →`), " ", label.selector.to.map(end)))));
  }

  // What the reader has selected with the pointer becomes a span.
  mark() {
    const chosen = getSelection();
    if (!this.prose) return;
    if (chosen.isCollapsed || !this.prose.contains(chosen.anchorNode)) {
      this.ask();
      return;
    }
    const place = (node, offset) => {
      const before = document.createRange();
      before.selectNodeContents(this.prose);
      before.setEnd(node, offset);
      const part = before.cloneContents();
      part.querySelectorAll("sup").forEach((each) => each.remove());
      return [...part.textContent].length;
    };
    const [start, end] = [place(chosen.anchorNode, chosen.anchorOffset), place(chosen.focusNode, chosen.focusOffset)].sort((a, b) => a - b);
    chosen.removeAllRanges();
    this.context.onDraw({ kind: "textSpan", start, end, quote: this.text.slice(start, end).join("") });
  }

  // Without a pointer the words themselves say what is meant: where they stand first, and not yet in a span of theirs.
  async ask() {
    const words = [...await askText(t("view.words")) ?? ""];
    if (!words.length) return;
    const taken = new Set(this.spans(this.labels).map((each) => each.start));
    const start = this.text.findIndex((_, at) => !taken.has(at) && words.every((sign, index) => this.text[at + index] === sign));
    if (start < 0) notice(t("view.noWords"), { kind: "note" });
    else this.context.onDraw({ kind: "textSpan", start, end: start + words.length, quote: words.join("") });
  }

  /** Brings a label into sight. */
  reveal(id) {
    const span = this.spans(this.labels.filter((each) => each.id === id))[0];
    if (span) requestAnimationFrame(() => this.reader.querySelector(`.span[data-start="${span.start}"]`)?.scrollIntoView({ block: "nearest" }));
  }
}

// The text cut wherever a span begins or ends, each piece with the spans over it, the shortest first.
function pieces(length, spans) {
  const cuts = new Set([0, length]);
  for (const { start, end } of spans) for (const at of [start, end]) if (at > 0 && at < length) cuts.add(at);
  const places = [...cuts].sort((a, b) => a - b);
  return places.slice(0, -1).map((start, index) => ({ start, end: places[index + 1], spans: spans.filter((each) => each.start < places[index + 1] && each.end > start).sort((a, b) => a.end - a.start - b.end + b.start) }));
}
