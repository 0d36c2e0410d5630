// Preferences: a prompt, the answers to it, and who has put which before which.

import { el, fill, button, data, inert } from "../core/dom.js";
import { t } from "../core/text.js";
import { chip } from "../core/parts.js";
import { BaseViewer } from "./base.js";

/** The viewer of items with a prompt. */
export class Viewer extends BaseViewer {
  constructor(host, context, only) {
    super(host, context, only);
    this.box = el("div", { class: "pair", tabindex: "0", role: "document", "aria-label": t("panel.item") });
    this.host.append(this.box);
  }

  /** Takes the prompt of the item. */
  async load(file, { field }) {
    this.prompt = field("prompt") ?? field("text");
    this.redraw();
  }

  redraw() {
    this.later(() => this.draw());
  }

  draw() {
    const answers = new Map();
    for (const label of this.seen()) {
      if (label.selector.kind !== "preference") continue;
      label.selector.groups.forEach((group, rank) => group.forEach((text) => answers.set(text, [...answers.get(text) ?? [], { label, rank, of: label.selector.groups.length }])));
    }
    const others = this.seen().filter((each) => each.selector.kind !== "preference");
    fill(this.box, el("h2", {}, t("view.prompt")), this.prompt ? messages(this.prompt) : null,
      el("div", { class: "answers" }, [...answers].map(([text, votes]) => el("section", { class: "answer" }, messages(text),
        el("div", { class: "votes" }, answers.size > 1 && this.context.canEdit() ? button(t("view.prefer"), () => this.context.onDraw({ kind: "preference", groups: [[text], [...answers.keys()].filter((each) => each !== text)] }), { class: "small main" }) : null, votes.map(({ label, rank, of }) => el("button", { type: "button", class: "small", "aria-pressed": String(label.id === this.selected), onclick: () => this.context.onSelect(label.id) },
          chip(label.org, true), " ", inert(label.author ?? ""), " ", of === 1 ? inert(label.class) : t("view.rank", { n: rank + 1 }))))))),
      others.length ? el("div", { class: "row" }, others.map((label) => el("button", { type: "button", class: "small", "aria-pressed": String(label.id === this.selected), onclick: () => this.context.onSelect(label.id) }, chip(label.org, true), " ", this.context.caption(label)))) : null);
  }
}

// A text, or the messages of a conversation.
function messages(value) {
  let list = value;
  if (typeof value === "string") {
    try {
      list = JSON.parse(value);
    } catch {
      list = null;
    }
  }
  const isList = Array.isArray(list) && list.every((each) => each && typeof each.content === "string");
  if (!isList) return el("div", { class: "prompt" }, data(typeof value === "string" ? value : JSON.stringify(value, null, 1)));
  return el("div", { class: "prompt" }, list.map((each) => el("p", {}, el("strong", {}, inert(each.role ?? "")), " ", data(each.content))));
}
