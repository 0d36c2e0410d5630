// All labels of an item, read page by page.

import { get, inDataset } from "./api.js";

const PAGE = 10_000;
const FIRST = 1000;
// What nobody can look at; the panel says that there are more.
const MOST = 100_000;

/**
 * Reads them by where they were signed. Where `some` is given, a first small page is handed to it while the rest is on
 * its way, so that a picture with very many is there at once.
 */
export async function readLabels(dataset, item, signal, some = null) {
  const all = [];
  let after;
  do {
    const page = await get(inDataset(dataset, "labels"), { item, limit: some && !after ? FIRST : PAGE, after }, signal);
    all.push(...page.annotations);
    if (some && !after && page.next) some([...all]);
    after = page.next;
  } while (after && all.length < MOST);
  return all;
}
