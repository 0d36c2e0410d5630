// Moves by keys: written when the keys rest, or before another label is moved, so that none is lost.

const RESTING = 500;

/** What was moved and is not written yet, of one viewer. */
export class KeyMoves {
  /** Takes note that a label was moved; `write` takes the place of an earlier one of the same label. */
  note(label, write) {
    if (this.label !== label) this.settle();
    Object.assign(this, { label, write });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.settle(), RESTING);
  }

  /** Shows a label elsewhere, and calls `change` with the label as it was and the new place. */
  move(label, selector, change) {
    const before = this.label === label ? this.before : label.selector;
    this.note(label, () => {
      const moved = label.selector;
      label.selector = before;
      change(label, moved);
    });
    this.before = before;
    label.selector = selector;
  }

  settle() {
    clearTimeout(this.timer);
    const { write } = this;
    Object.assign(this, { label: null, write: null, before: null });
    write?.();
  }
}
