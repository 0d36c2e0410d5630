// A long list on the node that is read page by page as somebody looks at it.

import { get } from "./api.js";

const PAGE = 200;

/** The items of a dataset that a filter leaves. */
export class PagedItems {
  /** `onChange` is called whenever another page has come. */
  constructor(parts, query, signal, onChange) {
    Object.assign(this, { parts, query, signal, onChange, total: null });
    this.pages = new Map();
  }

  /** The item with a number, or null while it is not here; then it is asked for. */
  at(index) {
    const page = Math.floor(index / PAGE);
    const held = this.pages.get(page);
    if (Array.isArray(held)) return held[index - page * PAGE] ?? null;
    if (!held) this.load(page);
    return null;
  }

  /** Reads a page. */
  async load(page) {
    const asked = get(this.parts, { ...this.query, offset: page * PAGE, limit: PAGE }, this.signal);
    this.pages.set(page, asked);
    try {
      const answer = await asked;
      this.pages.set(page, answer.items);
      this.total = answer.total;
      // Far pages go, so that a day of scrolling does not fill the memory.
      if (this.pages.size > 60) for (const each of this.pages.keys()) if (Math.abs(each - page) > 25) this.pages.delete(each);
      this.onChange();
    } catch (error) {
      this.pages.delete(page);
      throw error;
    }
  }
}
