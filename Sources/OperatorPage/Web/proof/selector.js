// Selectors, from the objects that jsonl files and `show --json` write to their deterministic encoding (Protocol.md,
// section 4, "Selectors" and "The decimal scale rule").

import { base64, isText, need, unhex, whole } from "./bytes.js";
import { Float } from "./cbor.js";
import { KINDS } from "./changeset.js";

const FLOATS = 7;
const BIG = Number.MAX_SAFE_INTEGER;

/** Rounded half away from zero. */
function round(value) {
  const size = Math.abs(value);
  const down = Math.trunc(size);
  return Math.sign(value) * (size - down >= 0.5 ? down + 1 : down);
}

function isExact(value, scale) {
  const number = round(value * 10 ** scale);
  return Math.abs(number) < (scale ? 2 ** 43 : 2 ** 53) && number / 10 ** scale === value;
}

/** The smallest scale at which all values are exact. */
function scaleOf(values) {
  let scale = 0;
  for (const value of values) {
    need(typeof value === "number" && Number.isFinite(value), "a coordinate is no finite number");
    while (!isExact(value, scale)) if (++scale >= FLOATS) return FLOATS;
  }
  return values.every((value) => isExact(value, scale)) ? scale : FLOATS;
}

const coordinate = (value, scale) => (scale === FLOATS ? new Float(value === 0 ? 0 : value) : round(value * 10 ** scale) || 0);

function leb128(values) {
  const bytes = [];
  for (let rest of values.map(BigInt)) {
    for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    bytes.push(Number(rest));
  }
  return Uint8Array.from(bytes);
}

const list = (value, least, what) => {
  need(Array.isArray(value) && value.length >= least, `${what} is a list of ${least} or more`);
  return value;
};
const texts = (value, least = 0) => list(value, least, "a list of texts").map((text) => {
  need(isText(text), "a text is none");
  return text;
});
const number = (value) => {
  need(whole(value, BIG), "a number is not whole, or below 0");
  return value;
};
const ordered = (start, end) => need(end >= start, "an end lies before its start");
const sized = (...sizes) => need(sizes.every((size) => size >= 0), "a size is below 0");

/** The value that stands in a changeset for a selector. */
export function selector(given, depth = 0) {
  need(depth <= 3, "selectors are nested too deeply");
  const kind = KINDS.indexOf(given?.kind);
  need(kind >= 0, "a selector has no kind");
  const head = (scale = 0) => (kind << 3) | scale;
  const flat = (values) => {
    const scale = scaleOf(values);
    return [head(scale), ...values.map((value) => coordinate(value, scale))];
  };
  const points = (values, least) => {
    need(values.length % 2 === 0 && values.length >= 2 * least, `${given.kind} has ${least} points or more, each of two numbers`);
    return values;
  };
  const inside = (one) => selector(one, depth + 1);
  switch (given.kind) {
    case "wholeItem":
      return [head()];
    case "box":
      sized(given.width, given.height);
      return flat([given.x, given.y, given.width, given.height]);
    case "rotatedBox":
    case "ellipse":
      sized(given.width, given.height);
      return flat([given.centerX, given.centerY, given.width, given.height, given.angle]);
    case "cuboid": {
      const { center, size, rotation } = given;
      need(center?.length === 3 && size?.length === 3 && rotation?.length === 4, "a cuboid has three, three and four numbers");
      sized(...size);
      need(Math.abs(rotation.reduce((sum, part) => sum + part * part, 0) - 1) <= 0.001, "a rotation is no unit quaternion");
      return flat([...center, ...size, ...rotation]);
    }
    case "polyline": {
      const scale = scaleOf(points(given.points, 2));
      return [head(scale), given.points.map((value) => coordinate(value, scale))];
    }
    case "polygon": {
      const rings = list(given.parts, 1, "parts").flatMap((part) => list(part, 1, "a part"));
      for (const ring of rings) points(ring, 3);
      const scale = scaleOf(rings.flat());
      return [head(scale), given.parts.map((part) => part.map((ring) => ring.map((value) => coordinate(value, scale))))];
    }
    case "keypoints": {
      list(given.points, 1, "points");
      need(given.points.every((p) => p.length === 3 && whole(p[2], 3)), "a keypoint is x, y and 0, 1 or 2");
      const values = given.points.flatMap(([x, y]) => [x, y]);
      const scale = scaleOf(values);
      return [head(scale), values.map((value) => coordinate(value, scale)), Uint8Array.from(given.points, (p) => p[2])];
    }
    case "mask": {
      const { width, height, counts } = given;
      need(whole(width, 2 ** 20 + 1) && whole(height, 2 ** 20 + 1) && list(counts, 0, "counts").every((run) => whole(run, 2 ** 32)), "a mask is out of range");
      need(counts.every((run, at) => run > 0 || at === 0) && counts.reduce((sum, run) => sum + run, 0) === width * height, "a mask's runs do not fill it");
      return [head(), width, height, leb128(counts)];
    }
    case "blob":
      need(/^[0-9a-f]{64}$/.test(given.sha256), "a blob is named by 64 hexadecimal digits");
      return [head(), unhex(given.sha256), number(given.byteCount), texts([given.mediaType])[0]];
    case "pointSet": {
      const indices = list(given.indices, 1, "indices").map(BigInt);
      need(indices.every((index, at) => index >= 0n && index < 1n << 64n && (at === 0 || index > indices[at - 1])), "indices ascend");
      return [head(), leb128(indices.map((index, at) => (at ? index - indices[at - 1] : index)))];
    }
    case "interval": {
      ordered(given.start, given.end);
      const scale = scaleOf([given.start, given.end]);
      return [head(scale), coordinate(given.start, scale), coordinate(given.end, scale), texts(given.channels)];
    }
    case "textSpan":
      ordered(number(given.start), number(given.end));
      return [head(), given.start, given.end, given.quote === undefined || given.quote === null ? null : texts([given.quote])[0]];
    case "cells":
      ordered(number(given.rowStart), number(given.rowEnd));
      return [head(), given.rowStart, given.rowEnd, texts(given.columns)];
    case "graph":
      return [head(), texts([given.elementKind])[0], texts(given.elements, 1)];
    case "track": {
      const frames = list(given.keyframes, 1, "keyframes");
      const times = frames.map((frame) => frame.time);
      need(times.every((time, at) => at === 0 || time > times[at - 1]), "a track's times ascend");
      const scale = scaleOf(times);
      return [head(scale), times.map((time) => coordinate(time, scale)), frames.map((frame) => inside(frame.selector)),
        Uint8Array.from(frames, (frame) => (frame.outside ? 1 : 0))];
    }
    case "relation":
      return [head(), texts([given.relation])[0], targets(given.from, inside), targets(given.to, inside)];
    case "preference":
      return [head(), list(given.groups, 1, "groups").map((group) => texts(group, 1))];
    case "targets":
      return [head(), targets(given.targets, inside)];
    default:
      return [head(), list(given.selectors, 2, "selectors").map(inside)];
  }
}

const targets = (given, inside) => list(given, 1, "targets").map((target) => {
  const isItem = typeof target.item === "string";
  need(isItem !== (typeof target.annotation === "string"), "a target names an item or an annotation");
  return [isItem ? 0 : 1, isItem ? target.item : target.annotation, target.role ?? "", inside(target.selector ?? { kind: "wholeItem" })];
});

/** In a few words what a selector of a changeset says; numbers as they were written. */
export function say(value) {
  const scale = value[0] & 7;
  const kind = KINDS[value[0] >> 3];
  const plain = (part) => (part instanceof Float ? String(part.value)
    : typeof part === "number" && scale < FLOATS && scale > 0 ? String(part / 10 ** scale)
      : part instanceof Uint8Array ? `${part.length} bytes ${base64(part).slice(0, 16)}` : Array.isArray(part) ? `[${part.map(plain).join(", ")}]` : String(part));
  const all = value.slice(1).map(plain).join(", ");
  return all.length > 240 ? `${kind} ${all.slice(0, 240)}… (${all.length} characters)` : `${kind} ${all}`.trim();
}
