// Changesets (Protocol.md, section 4). What a selector means is not looked at: only that it is one.

import { compareTexts, isBytes, isOrigin, isText, need, whole } from "./bytes.js";
import { decode, encode, Float } from "./cbor.js";

export const FIELDS = {
  class: 0, selector: 1, confidence: 2, status: 3, source: 4, externalID: 5, author: 6, sameAs: 7, mediaType: 8,
  sha256: 9, bytes: 10, width: 11, height: 12, duration: 13, channels: 14, frameRate: 15, unit: 16, group: 17, split: 18,
  "stage.filter": 19, "stage.clean": 20, "stage.quality": 21, examined: 22, "stage.classify": 23, "stage.annotate": 24,
  "stage.mark": 25, "stage.review": 26,
};
const NAMES = new Map(Object.entries(FIELDS).map(([name, number]) => [number, name]));
export const ATTRIBUTE_BASE = 32;
export const PAYLOAD_BYTES_MAX = 64511;
export const KINDS = ["wholeItem", "box", "rotatedBox", "polygon", "polyline", "ellipse", "keypoints", "mask", "blob", "cuboid",
  "pointSet", "interval", "textSpan", "cells", "graph", "track", "relation", "preference", "targets", "all"];
export const VERDICTS = ["accept", "reject", "needs-work"];
const ENTRY_MAX = 2 ** 36;

const index = (value) => whole(value, ENTRY_MAX + 1);
const origins = (list) => Array.isArray(list) && list.length <= 512 && list.every(isOrigin) && new Set(list).size === list.length;
const heads = (list) => Array.isArray(list) && list.length <= 512
  && list.every((h) => Array.isArray(h) && h.length === 3 && isOrigin(h[0]) && index(h[1]) && isBytes(h[2], 32));
const quorum = ([threshold, names]) => whole(threshold, 513) && origins(names) && (!names.length || threshold <= names.length);
const logKey = (key) => key === null || isBytes(key, 32);
const chain = (list) => Array.isArray(list) && list.length >= 1 && list.length <= 4 && list.every((der) => isBytes(der));

/** The governance acts by code: how many members follow, and whether they are what they have to be. */
const ACTS = {
  16: [2, 2, ([title, schema]) => isText(title, 1024) && isText(schema, 32768)],
  17: [5, 5, ([origin, role, roots, key, from]) => isOrigin(origin) && whole(role, 4) && Array.isArray(roots)
    && roots.length <= 8 && roots.every((r) => isBytes(r)) && logKey(key) && index(from)],
  18: [2, 2, ([origin, at]) => isOrigin(origin) && index(at)],
  19: [1, 1, ([schema]) => isText(schema, 32768)],
  20: [1, 1, ([policy]) => isText(policy, 256)],
  21: [3, 4, ([name, digest, list]) => isText(name, 256) && isBytes(digest, 32) && heads(list)],
  22: [2, 2, quorum],
  23: [2, 2, ([ended, successor]) => isOrigin(ended) && isOrigin(successor) && ended !== successor],
  24: [2, 2, ([list, key]) => chain(list) && logKey(key)],
  25: [2, 2, ([key, at]) => isBytes(key, 32) && index(at)],
  26: [2, 2, ([name, digest]) => isText(name, 256) && isBytes(digest, 32)],
  27: [1, 1, ([key]) => isBytes(key, 32)],
  28: [1, 1, ([list]) => origins(list)],
  29: [2, 2, ([name, commitment]) => isText(name, 64) && name && isBytes(commitment, 32)],
  30: [3, 3, ([name, salt, answers]) => isText(name, 64) && name && isBytes(salt) && Array.isArray(answers)],
  32: [2, 2, quorum],
  33: [1, 1, ([isBlind]) => typeof isBlind === "boolean"],
};

/** A payload as values: strings, heads, author, message, operations. */
export function changeset(payload) {
  need(payload.length <= PAYLOAD_BYTES_MAX, "a payload is too large");
  const value = decode(payload);
  need(Array.isArray(value) && value.length === 5 && value[0] === 2, "not a changeset");
  const [, strings, cited, meta, operations] = value;
  need(Array.isArray(strings) && strings.length <= 8192, "too many strings");
  for (const string of strings) {
    // eslint-disable-next-line no-control-regex
    need(isText(string, 1024) && string && !/[\u0000-\u001f\u007f]/.test(string), "a string of the table is none");
  }
  need(new Set(strings).size === strings.length, "a string stands twice");
  const string = (at) => {
    need(whole(at, strings.length), "a string beyond the table");
    return strings[at];
  };
  need(Array.isArray(cited) && cited.length <= 512, "too many heads");
  const heads = cited.map((head) => {
    need(Array.isArray(head) && head.length === 5, "not a head");
    const [name, merged, size, root, signature] = head;
    need(index(size) && whole(merged, size + 1) && merged > 0 && isBytes(root, 32) && isBytes(signature, 64) && isOrigin(string(name)), "not a head");
    return { origin: string(name), merged, size, root, signature };
  });
  for (let i = 1; i < heads.length; i++) need(compareTexts(heads[i - 1].origin, heads[i].origin) < 0, "heads out of order");
  need(meta instanceof Map && [...meta.keys()].every((key) => [0, 1, 2].includes(key)), "unknown meta data");
  need(!meta.has(1) || isText(meta.get(1)), "a message is too long or no text");
  if (meta.has(2)) string(meta.get(2));
  need(Array.isArray(operations) && operations.length >= 1 && operations.length <= 4096, "no operations, or too many");
  const read = operations.map((operation) => one(operation, string));
  for (let i = 1; i < read.length; i++) need(!read[i].act || read[i - 1].act, "an act after another operation");
  return {
    heads, operations: read, author: meta.has(0) ? string(meta.get(0)) : null, message: meta.get(1) ?? null,
    acts: (code) => read.filter((o) => o.act === code).map((o) => o.members),
  };
}

function one(operation, string) {
  need(Array.isArray(operation) && whole(operation[0], 256), "not an operation");
  const [code, ...rest] = operation;
  const target = () => {
    need(isOrigin(string(rest[0])) && whole(rest[1], 2 ** 48), "an operation on nothing");
    return { origin: string(rest[0]), entry: Math.floor(rest[1] / 4096), position: rest[1] % 4096 };
  };
  if (code >= 16) {
    const [least, most, holds] = ACTS[code] ?? [1, 0];
    need(rest.length >= least && rest.length <= most && holds(rest), `act ${code} is not known here, or malformed`);
    return { act: code, members: rest };
  }
  switch (code) {
    case 0:
    case 3: {
      const set = fields(rest.slice(1), string, false);
      need(code === 0 || set.size, "a set of no field");
      return { kind: code === 0 ? "addItem" : "setItem", item: string(rest[0]), fields: set };
    }
    case 1:
      need(rest.length >= 3, "not an annotation");
      selector(rest[2]);
      return { kind: "addAnnotation", item: string(rest[0]), class: string(rest[1]), selector: rest[2], fields: fields(rest.slice(3), string, false) };
    case 2: {
      const set = fields(rest.slice(2), string, true);
      need(set.size, "a set of no field");
      return { kind: "set", target: target(), fields: set };
    }
    case 4:
      need((rest.length === 3 || rest.length === 4) && whole(rest[2], 3) && (rest.length === 3 || isText(rest[3])), "not a review");
      return { kind: "review", target: target(), verdict: VERDICTS[rest[2]], reason: rest[3] ?? null };
    case 5:
      need(rest.length === 3 && isText(rest[2]), "not a comment");
      return { kind: "comment", target: target(), text: rest[2] };
    case 6:
      need(rest.length === 2 && isText(rest[1]), "not a comment");
      return { kind: "commentItem", item: string(rest[0]), text: rest[1] };
    default:
      return need(false, `operation ${code} is not known here`);
  }
}

function selector(value) {
  need(Array.isArray(value) && whole(value[0], KINDS.length << 3) && encode(value).length <= 49152, "not a selector");
}

/** The name of a field as it is shown; an attribute that is called like a field has `attr.` in front. */
export const attributeName = (name) => (Object.hasOwn(FIELDS, name) || name.startsWith("attr.") ? `attr.${name}` : name);

function fields(pairs, string, isSet) {
  need(pairs.length % 2 === 0 && pairs.length <= 512, "fields are pairs, at most 256");
  const found = new Map();
  let last = -1;
  for (let i = 0; i < pairs.length; i += 2) {
    const [number, value] = [pairs[i], pairs[i + 1]];
    need(whole(number) && number > last, "fields out of order");
    last = number;
    const name = number >= ATTRIBUTE_BASE ? attributeName(string(number - ATTRIBUTE_BASE)) : NAMES.get(number);
    need(name && (isSet || number > 1), "a field that cannot stand here");
    if (number === 0) found.set(name, string(value));
    else {
      if (number === 1) selector(value);
      else if (number === 2) need(value === null || [value?.value ?? value].every((v) => v >= 0 && v <= 1), "a confidence lies in 0...1");
      else if (number === 3) need(value === 0 || value === 1, "a status is 0 or 1");
      else plain(value, 0);
      found.set(name, value);
    }
  }
  return found;
}

/** What a plain field may hold. */
function plain(value, depth) {
  const nests = Array.isArray(value) || value instanceof Map;
  need(depth < 5, "a value is nested too deeply");
  if (depth === 0 && (nests || isBytes(value) || typeof value === "string")) need(encode(value).length <= 16384, "a value is too large");
  if (value instanceof Map) {
    for (const [key, item] of value) {
      need(typeof key === "string", "a map's key is no text");
      plain(item, depth + 1);
    }
  } else if (Array.isArray(value)) for (const item of value) plain(item, depth + 1);
  else if (value instanceof Float) need(Number.isFinite(value.value), "a number is not finite");
  else if (typeof value === "bigint") need(value >= -(1n << 63n) && value < 1n << 63n, "an integer is too large");
  else need(value === null || ["boolean", "number", "string"].includes(typeof value) || isBytes(value), "a value is none");
}

