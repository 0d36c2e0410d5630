// The label set of an item as it was: a slider over the times at which something was written. Times are those that the
// writers claim; what was merged when is another question, which the page of a label answers.

import { el, fill, inert } from "./dom.js";
import { t, time } from "./text.js";
import { get, inDataset } from "./api.js";
import { showProblem } from "./notice.js";

const STORIES_MAX = 400;
const AT_ONCE = 6;

/** Reads what was written of the labels, and shows them as of the slider's time. */
export class Past {
  constructor(host, dataset, labels, signal, changed) {
    Object.assign(this, { dataset, all: labels, changed, at: Infinity, stories: new Map(), times: [] });
    this.ending = new AbortController();
    signal.addEventListener("abort", () => this.ending.abort());
    this.slider = el("input", { type: "range", id: "past", min: 0, max: 0, value: 0, oninput: () => this.move() });
    this.shown = el("output", { for: "past" });
    this.box = el("div", { class: "past" }, el("label", { for: "past" }, t("item.past")), this.slider, this.shown);
    host.append(this.box);
    this.load().catch(showProblem);
  }

  async load() {
    const wanted = this.all.slice(0, STORIES_MAX);
    fill(this.shown, t("past.reading"));
    const next = async () => {
      for (let label = wanted.pop(); label; label = wanted.pop()) {
        this.stories.set(label.id, await get(inDataset(this.dataset, "labels", label.id), {}, this.ending.signal));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
    const times = new Set();
    for (const story of this.stories.values()) for (const field of Object.values(story.fields)) for (const write of field.writes) times.add(write.time);
    this.times = [...times].sort((a, b) => a - b);
    Object.assign(this.slider, { max: Math.max(0, this.times.length - 1), value: this.times.length - 1 });
    this.slider.focus();
    this.move();
  }

  move() {
    this.at = this.times[Number(this.slider.value)] ?? Infinity;
    this.shown.textContent = `${time(this.at)} · ${Number(this.slider.value) + 1}/${this.times.length}${this.all.length > STORIES_MAX ? ` · ${t("past.first", { n: STORIES_MAX })}` : ""}`;
    this.changed();
  }

  /** The labels as they were. */
  labels() {
    return this.all.flatMap((label) => {
      const story = this.stories.get(label.id);
      if (!story) return [];
      const fields = {};
      for (const [name, field] of Object.entries(story.fields)) {
        const known = field.writes.filter((write) => write.counted && write.time <= this.at);
        if (known.length) fields[name] = known[known.length - 1].value;
      }
      if (!fields.selector) return [];
      return [{ ...label, class: fields.class === label.classAsWritten ? label.class : inert(fields.class), selector: fields.selector, status: fields.status === 1 ? "retracted" : "active", contested: false }];
    });
  }

  /** Ends it. */
  end() {
    this.ending.abort();
    this.box.remove();
  }
}
