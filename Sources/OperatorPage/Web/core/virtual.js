// Lists and grids of any length: only what can be seen is in the document. A browser cannot make an element higher than
// some 16 million pixels, so beyond that the scroll bar moves through the rows in larger steps.

import { el } from "./dom.js";

const HEIGHT_MAX = 12_000_000;
// Pixels a millisecond, and for how long after it stands still.
const FAST = 2;
const FAST_MILLISECONDS = 90;

/** A grid of cells of one size (a list is a grid of one column). */
export class Virtual {
  /**
   * - `host` scrolls. `make(cell)` builds an empty cell once, `show(cell, index)` fills it, `hide(cell)` lets go of it.
   * - `width` 0: one column. `label` and `role` name it for those who do not see it.
   */
  constructor(host, { width = 0, height, gap = 0, make, show, hide = () => {}, role = "list", label = "", onRange = () => {} }) {
    Object.assign(this, { host, width, height, gap, make, showCell: show, hideCell: hide, onRange, count: 0, columns: 1 });
    this.cells = new Map();
    this.spare = [];
    [this.movedAt, this.speed, this.lastTop] = [0, 0, 0];
    this.inner = el("div", { class: "virtual", role, "aria-label": label });
    host.append(this.inner);
    host.addEventListener("scroll", () => this.draw(), { passive: true });
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(host);
    // Rows are not laid out before the host has its size.
    this.resize();
  }

  /** How many cells there are. */
  setCount(count) {
    this.count = count;
    this.resize();
  }

  resize() {
    const inside = this.inner.clientWidth;
    if (!inside) return;
    // Asked once: while cells move, each such question has all of them laid out.
    this.tall = this.host.clientHeight;
    this.columns = this.width ? Math.max(1, Math.floor((inside + this.gap) / (this.width + this.gap))) : 1;
    this.cellWidth = this.width ? Math.floor((inside - this.gap * (this.columns - 1)) / this.columns) : inside;
    this.rows = Math.ceil(this.count / this.columns);
    this.full = this.rows * (this.height + this.gap);
    this.shown = Math.min(this.full, HEIGHT_MAX);
    this.inner.style.height = `${this.shown}px`;
    this.draw(true);
  }

  /** The top of what is seen, among all rows. */
  offset(scrolled = this.host.scrollTop) {
    const room = this.shown - this.tall;
    if (this.full === this.shown || room <= 0) return scrolled;
    return scrolled / room * (this.full - this.tall);
  }

  /** Whether it is scrolled so fast that nobody looks at a cell. */
  get isFast() {
    return performance.now() - this.movedAt < FAST_MILLISECONDS && this.speed > FAST;
  }

  note(scrolled) {
    if (scrolled === this.lastTop) return;
    const now = performance.now();
    this.speed = Math.abs(scrolled - this.lastTop) / Math.max(1, now - this.movedAt);
    [this.movedAt, this.lastTop] = [now, scrolled];
  }

  draw(again = false) {
    if (!this.count) {
      for (const index of [...this.cells.keys()]) this.release(index);
      return;
    }
    const step = this.height + this.gap;
    const scrolled = this.host.scrollTop;
    this.note(scrolled);
    const top = this.offset(scrolled);
    const first = Math.max(0, Math.floor(top / step) - 1) * this.columns;
    const last = Math.min(this.count, (Math.ceil((top + this.tall) / step) + 1) * this.columns);
    for (const index of [...this.cells.keys()]) if (index < first || index >= last) this.release(index);
    const shift = scrolled - top;
    for (let index = first; index < last; index += 1) {
      let cell = this.cells.get(index);
      const isNew = !cell;
      if (isNew) {
        cell = this.spare.pop() ?? this.build();
        this.cells.set(index, cell);
        cell.hidden = false;
      }
      // Cells that stay where they are cost nothing.
      const place = `translate(${index % this.columns * (this.cellWidth + this.gap)}px, ${Math.floor(index / this.columns) * step + shift}px)`;
      if (cell.place !== place) cell.style.transform = cell.place = place;
      if (cell.wide !== this.cellWidth) cell.style.width = `${cell.wide = this.cellWidth}px`;
      if (isNew || again) this.showCell(cell, index);
    }
    if (this.first !== first || this.last !== last || again) this.onRange(first, last);
    [this.first, this.last] = [first, last];
  }

  build() {
    const cell = this.make();
    cell.style.height = `${this.height}px`;
    this.inner.append(cell);
    return cell;
  }

  release(index) {
    const cell = this.cells.get(index);
    this.cells.delete(index);
    this.hideCell(cell);
    cell.hidden = true;
    this.spare.push(cell);
  }

  /** Fills the cells that are seen anew. */
  refresh() {
    for (const [index, cell] of this.cells) this.showCell(cell, index);
  }

  /** Scrolls as little as needed for a cell to be seen, and returns it. */
  reveal(index) {
    const step = this.height + this.gap;
    const row = Math.floor(index / this.columns) * step;
    const top = this.offset();
    let wanted = top;
    if (row < top) wanted = row;
    else if (row + step > top + this.tall) wanted = row + step - this.tall;
    if (wanted !== top) {
      const room = this.full - this.tall;
      this.host.scrollTop = this.full === this.shown ? wanted : wanted / room * (this.shown - this.tall);
      this.draw();
    }
    return this.cells.get(index);
  }

  /** Ends it. */
  end() {
    this.observer.disconnect();
  }
}
