// The label set of an item as it was: a slider over the entries that speak of it. The node tells what each label was with
// that much of every log (not what a clock says: of two entries that did not know of each other either may come first);
// this only picks the state that holds at the slider's place.

import { el, fill, inert } from "./dom.js";
import { t, time, number } from "./text.js";
import { get, inDataset } from "./api.js";
import { chip } from "./parts.js";
import { showProblem } from "./notice.js";

/** Reads the moments, and shows the labels as of the slider's. */
export class Past {
  constructor(host, dataset, item, labels, signal, changed) {
    Object.assign(this, { dataset, item, all: labels, changed, at: 0, moments: [], states: new Map() });
    this.ending = new AbortController();
    signal.addEventListener("abort", () => this.ending.abort());
    this.slider = el("input", { type: "range", id: "past", min: 0, max: 0, value: 0, oninput: () => this.move() });
    this.shown = el("output", { for: "past" });
    this.box = el("div", { class: "past" }, el("label", { for: "past" }, t("item.past")), this.slider, this.shown);
    host.append(this.box);
    fill(this.shown, t("past.reading"));
    this.load().catch(showProblem);
  }

  async load() {
    const { moments, labels, more } = await get(inDataset(this.dataset, "past"), { key: this.item }, this.ending.signal);
    Object.assign(this, { moments, more, states: new Map(labels.map((each) => [each.id, each.states])) });
    Object.assign(this.slider, { max: Math.max(0, moments.length - 1), value: moments.length - 1 });
    this.slider.focus();
    this.move();
  }

  move() {
    this.at = Number(this.slider.value);
    const moment = this.moments[this.at];
    document.documentElement.dataset.moment = String(this.at);
    fill(this.shown, moment ? [`${number(this.at + 1)}/${number(this.moments.length)} · `, chip(moment.org), ` #${moment.index} · ${time(moment.time)} `,
      el("span", { class: "muted" }, t("past.heads", { heads: moment.heads.map(({ org, size }) => `${inert(org)} ${number(size)}`).join(t("list.comma")) }))] : t("past.none"),
    this.more ? el("p", { class: "hint" }, t("past.more")) : null);
    this.slider.setAttribute("aria-valuetext", this.shown.textContent);
    this.changed();
  }

  /** The labels as they were. */
  labels() {
    return this.all.flatMap((label) => {
      const state = this.states.get(label.id)?.findLast((each) => each.from <= this.at);
      return state ? [{ ...label, class: state.class, selector: state.selector, status: state.status, contested: state.contested }] : [];
    });
  }

  /** Ends it. */
  end() {
    this.ending.abort();
    this.box.remove();
    delete document.documentElement.dataset.moment;
  }
}
