// Which labels lie where: a grid over the picture, so that a click among ten thousand labels looks at a few.

const CELLS = 64;

/** An index of `{ bounds: [left, top, right, bottom] }`. */
export class PlaceIndex {
  constructor(entries, width, height) {
    this.step = Math.max(1, Math.max(width, height) / CELLS);
    this.cells = new Map();
    // What covers much of the picture stands in a list of its own and not in thousands of cells.
    this.large = [];
    for (const entry of entries) this.insert(entry);
  }

  insert(entry) {
    const [l, t, r, b] = entry.bounds.map((value) => Math.floor(value / this.step));
    if ((r - l + 1) * (b - t + 1) > 100) {
      this.large.push(entry);
      return;
    }
    for (let x = l; x <= r; x += 1) for (let y = t; y <= b; y += 1) {
      const key = x * 100_003 + y;
      const cell = this.cells.get(key);
      if (cell) cell.push(entry);
      else this.cells.set(key, [entry]);
    }
  }

  /** Entries whose bounds come within `near` of a point; each once. */
  at(x, y, near) {
    const found = new Set();
    const touches = ({ bounds: [l, t, r, b] }) => x >= l - near && x <= r + near && y >= t - near && y <= b + near;
    const last = (value) => Math.floor(value / this.step);
    for (let cx = last(x - near); cx <= last(x + near); cx += 1) for (let cy = last(y - near); cy <= last(y + near); cy += 1) {
      for (const entry of this.cells.get(cx * 100_003 + cy) ?? []) if (touches(entry)) found.add(entry);
    }
    for (const entry of this.large) if (touches(entry)) found.add(entry);
    return [...found];
  }
}
