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

/**
 * Takes fresh labels over into those that are shown, as long as they are the same labels in the same places: then what is
 * drawn and where it lies need not be made anew. Returns false where they are not.
 */
export function adopt(shown, fresh) {
  if (shown.length !== fresh.length || !shown.every((label, index) => isSame(label, fresh[index]))) return false;
  shown.forEach((label, index) => Object.assign(label, fresh[index], { selector: label.selector }));
  return true;
}

function isSame(a, b) {
  const [x, y] = [a.selector, b.selector];
  if (a.id !== b.id || a.status !== b.status || a.contested !== b.contested || x.kind !== y.kind) return false;
  if (x.kind === "box") return x.x === y.x && x.y === y.y && x.width === y.width && x.height === y.height;
  return JSON.stringify(x) === JSON.stringify(y);
}
