// Series of sensors and of markets: columns of numbers over time.

import { el } from "../core/dom.js";
import { t } from "../core/text.js";
import { Plot } from "./plot.js";

/** The viewer of tables of numbers whose labels speak of times or rows. */
export class Viewer extends Plot {
  constructor(host, context, only) {
    super(host, context, only, t("view.series"));
  }

  /** Reads the file; without one the labels stand on an empty axis. */
  async load(file, { labels }) {
    if (!file) {
      const ends = labels.flatMap((each) => (each.selector.kind === "interval" ? [each.selector.start, each.selector.end] : each.selector.kind === "cells" ? [each.selector.rowStart, each.selector.rowEnd] : []));
      const [from, to] = [Math.min(0, ...ends), Math.max(1, ...ends)];
      this.setData([], labels.some((each) => each.selector.kind === "interval") ? Float64Array.of(from, to) : null, to * 1.05);
      return;
    }
    const worker = new Worker(new URL("series.worker.js", import.meta.url), { type: "module" });
    this.ending.signal.addEventListener("abort", () => worker.terminate());
    const bytes = await file.blob.arrayBuffer();
    const read = await new Promise((resolve) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => resolve({ error: event.message });
      worker.postMessage(bytes, [bytes]);
    });
    worker.terminate();
    if (read.error || !read.channels.length) {
      this.box.prepend(el("p", { class: "hint" }, t("view.unknownForm", { why: read.error ?? "" })));
      return;
    }
    this.setData(read.channels, read.times, read.channels[0].values.length);
  }
}
