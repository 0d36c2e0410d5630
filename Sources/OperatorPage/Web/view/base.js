// What all viewers but those of pictures have in common.

import { over, ink } from "../core/colour.js";

/** Holds labels, what is selected and what is hidden; `redraw` is the viewer's own. */
export class BaseViewer {
  constructor(host, context, only) {
    Object.assign(this, { host, context, only, labels: [], selected: null, hidden: new Set(), isHiding: false, parts: [] });
    this.ending = new AbortController();
  }

  /** The labels of the item. */
  setLabels(labels) {
    this.labels = labels;
    this.redraw();
  }

  /** Those that are to be seen. */
  seen() {
    if (this.isHiding) return [];
    return this.labels.filter((label) => !this.hidden.has(label.id) && (label.status !== "retracted" || this.context.showRetracted?.()) && (!this.only || label.org === this.only) && (!this.context.isShown || this.context.isShown(label)));
  }

  /** Selects a label; null: none. */
  select(id) {
    this.selected = id;
    this.redraw();
  }

  /** Hides or shows all labels. */
  hideAll(isHiding) {
    this.isHiding = isHiding;
    this.redraw();
  }

  /** A company's colour on a dark or on a light ground. */
  colour(label, isDark = false) {
    return isDark ? over(label.org) : ink(label.org);
  }

  redraw() {}

  /** Draws at the next frame, once. */
  later(draw) {
    if (this.isWaiting) return;
    this.isWaiting = requestAnimationFrame(() => {
      this.isWaiting = 0;
      if (!this.ending.signal.aborted) draw();
    });
  }

  /** Ends it. */
  end() {
    this.ending.abort();
    cancelAnimationFrame(this.isWaiting);
    this.host.replaceChildren();
  }
}
