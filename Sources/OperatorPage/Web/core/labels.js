// All labels of an item, read page by page.

import { get, inDataset } from "./api.js";

const PAGE = 10_000;
// What nobody can look at; the panel says that there are more.
const MOST = 100_000;

/** Reads them, those in conflict first and then by where they were signed. */
export async function readLabels(dataset, item, signal) {
  const all = [];
  let after;
  do {
    const page = await get(inDataset(dataset, "labels"), { item, limit: PAGE, after }, signal);
    all.push(...page.annotations);
    after = page.next;
  } while (after && all.length < MOST);
  return all;
}
