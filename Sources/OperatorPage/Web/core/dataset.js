// What a screen of a dataset needs to know of it: members, classes, and a colour for each company.

import { get, inDataset } from "./api.js";
import { setCompanies } from "./colour.js";
import { me } from "./session.js";

/** Reads the dataset and gives its companies their colours: this one first, then as they are listed. */
export async function openDataset(id, signal) {
  const known = await get(inDataset(id), { brief: "true" }, signal);
  setCompanies([me().org, ...known.members.map((each) => each.org)]);
  return known;
}

/** The members' origins. */
export function memberNames(known) {
  return known.members.map((each) => each.org);
}

/** The classes of the schema that labels may carry, in its order; a class without details is written as its name. */
export function classes(known) {
  const list = Array.isArray(known.schema?.classes) ? known.schema.classes : [];
  return list.map((each) => (typeof each === "string" ? { name: each } : each)).filter((each) => each && typeof each.name === "string" && !each.abstract);
}

/** Their names. */
export function classNames(known) {
  return classes(known).map((each) => each.name);
}

/** The attributes that labels of a class may have: those of the class and of the classes above it, then those of all. */
export function attributesOf(schema, className) {
  const all = (Array.isArray(schema?.classes) ? schema.classes : []).filter((each) => typeof each === "object" && each);
  const above = [];
  for (let one = all.find((each) => each.name === className); one && !above.includes(one); one = all.find((each) => each.name === one.parent)) above.push(one);
  const names = above.map((each) => each.name);
  const shared = (Array.isArray(schema?.attributes) ? schema.attributes : []).filter((each) => !each.classes || each.classes.some((name) => names.includes(name)));
  const found = new Map();
  for (const each of [...above.flatMap((one) => one.attributes ?? []), ...shared]) if (!found.has(each.name)) found.set(each.name, each);
  return [...found.values()];
}
