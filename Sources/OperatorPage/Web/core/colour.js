// A colour for each company, the same on every screen, and a pattern of its lines, since colours alone do not tell
// companies apart for everybody.

const LIGHT = ["#1668c7", "#c2570c", "#0f7d4b", "#b02a7c", "#6a45c9", "#0b7285", "#8a6d00", "#b3362b"];
const OVER = ["#4aa3ff", "#ff9a3d", "#3ddc84", "#ff6ac1", "#b79cff", "#33d6e5", "#ffd84d", "#ff6f61"];
const DASHES = [[], [7, 3], [2, 3], [9, 3, 2, 3], [], [7, 3], [2, 3], [9, 3, 2, 3]];
let order = [];

/** Whose colours come first: this company, then the members as they are listed. */
export function setCompanies(orgs) {
  for (const org of orgs) if (!order.includes(org)) order.push(org);
}

/** Forgets the order, for another dataset. */
export function beginCompanies(own) {
  order = own ? [own] : [];
}

/** The place of a company among the colours. */
export function place(org) {
  if (!order.includes(org)) order.push(org);
  return order.indexOf(org) % LIGHT.length;
}

/** The colour of a company over pictures. */
export function over(org) {
  return OVER[place(org)];
}

/** The colour of a company in texts and lists of the page. */
export function ink(org) {
  return document.documentElement.dataset.theme === "dark" ? OVER[place(org)] : LIGHT[place(org)];
}

/** The pattern of a company's lines. */
export function dash(org) {
  return DASHES[place(org)];
}

/** A colour by a name, for classes of points and the like: the same in every session. */
export function byName(name) {
  let hash = 2166136261;
  for (const sign of String(name)) hash = Math.imul(hash ^ sign.codePointAt(0), 16777619) >>> 0;
  const hue = hash % 360;
  return [hue, 55 + (hash >>> 9) % 30, 52 + (hash >>> 17) % 14];
}
