// Selectors of pictures as geometry: bounds, whether a point is on one, corners to drag, and how tracks move. Pixels: the
// origin is the top left corner of the top left pixel, y goes down; angles are radians, clockwise on screen.

/** The kinds that a picture can show. */
const FLAT = new Set(["box", "rotatedBox", "ellipse", "polygon", "polyline", "keypoints", "mask"]);

/** The flat selectors that a selector shows at a frame: one, several (of `targets`, `all`), or none. */
export function flat(selector, frame, item) {
  switch (selector.kind) {
    case "track": {
      const moved = atFrame(selector, frame);
      return moved ? flat(moved, frame, item) : [];
    }
    case "all": return selector.selectors.flatMap((each) => flat(each, frame, item));
    case "targets": return selector.targets.filter((each) => each.selector && (!each.item || each.item === item)).flatMap((each) => flat(each.selector, frame, item));
    default: return FLAT.has(selector.kind) ? [selector] : [];
  }
}

/**
 * Where a track is at a frame: between two keyframes of one kind in a straight line, a turn along the shortest arc; null
 * where it is not seen.
 */
function atFrame(track, frame) {
  const frames = track.keyframes;
  if (!frames.length || frame < frames[0].time) return null;
  let index = frames.findLastIndex((each) => each.time <= frame);
  const before = frames[index];
  if (before.outside) return null;
  const after = frames[index + 1];
  if (!after || before.time === frame || after.outside || after.selector.kind !== before.selector.kind) return before.selector;
  return between(before.selector, after.selector, (frame - before.time) / (after.time - before.time));
}

function between(a, b, share) {
  const mix = (x, y) => x + (y - x) * share;
  const list = (x, y) => (x.length === y.length ? x.map((each, index) => (Array.isArray(each) ? list(each, y[index]) : mix(each, y[index]))) : x);
  const moved = { ...a };
  for (const [key, value] of Object.entries(a)) {
    if (typeof value === "number" && typeof b[key] === "number" && key !== "angle") moved[key] = mix(value, b[key]);
    else if (Array.isArray(value) && key !== "counts" && Array.isArray(b[key])) moved[key] = list(value, b[key]);
  }
  if (typeof a.angle === "number") {
    const turn = ((b.angle - a.angle + Math.PI) % (2 * Math.PI) + 2 * Math.PI) % (2 * Math.PI) - Math.PI;
    moved.angle = a.angle + turn * share;
  }
  return moved;
}

/** The corners of a turned box or of the box around an ellipse. */
export function turned({ centerX, centerY, width, height, angle }) {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([u, v]) => {
    const [x, y] = [u * width / 2, v * height / 2];
    return [centerX + x * c - y * s, centerY + x * s + y * c];
  });
}

/** Left, top, right, bottom of a flat selector. */
export function bounds(selector) {
  switch (selector.kind) {
    case "box": return [selector.x, selector.y, selector.x + selector.width, selector.y + selector.height];
    case "rotatedBox":
    case "ellipse": return around(turned(selector).flat());
    case "polygon": return around(selector.parts.flatMap((rings) => rings[0] ?? []));
    case "polyline":
    case "link": return around(selector.points);
    case "keypoints": return around(selector.points.filter((each) => each[2] > 0).flatMap(([x, y]) => [x, y]));
    case "mask": return maskBounds(selector);
    default: return [0, 0, 0, 0];
  }
}

function around(list) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let index = 0; index + 1 < list.length; index += 2) {
    left = Math.min(left, list[index]);
    right = Math.max(right, list[index]);
    top = Math.min(top, list[index + 1]);
    bottom = Math.max(bottom, list[index + 1]);
  }
  return left > right ? [0, 0, 0, 0] : [left, top, right, bottom];
}

function maskBounds({ height, counts }) {
  if (height < 1) return [0, 0, 0, 0];
  let [at, left, top, right, bottom] = [0, Infinity, Infinity, -1, -1];
  counts.forEach((count, index) => {
    if (index % 2 && count > 0) {
      const end = at + count - 1;
      left = Math.min(left, Math.floor(at / height));
      right = Math.max(right, Math.floor(end / height));
      // A run that goes over the end of a column touches top and bottom.
      const wraps = Math.floor(at / height) !== Math.floor(end / height);
      top = Math.min(top, wraps ? 0 : at % height);
      bottom = Math.max(bottom, wraps ? height - 1 : end % height);
    }
    at += count;
  });
  return right < 0 ? [0, 0, 0, 0] : [left, top, right + 1, bottom + 1];
}

/** Whether a point lies in a selector or within `near` pixels of its line. */
export function hits(selector, x, y, near) {
  switch (selector.kind) {
    case "box": return x >= selector.x - near && x <= selector.x + selector.width + near && y >= selector.y - near && y <= selector.y + selector.height + near;
    case "rotatedBox": return insideRings([turned(selector).flat()], x, y) || nearLine(turned(selector).flat(), x, y, near, true);
    case "ellipse": {
      const [c, s] = [Math.cos(selector.angle), Math.sin(selector.angle)];
      const [dx, dy] = [x - selector.centerX, y - selector.centerY];
      return ((dx * c + dy * s) / (selector.width / 2 + near)) ** 2 + ((dy * c - dx * s) / (selector.height / 2 + near)) ** 2 <= 1;
    }
    case "polygon": return selector.parts.some((rings) => insideRings(rings, x, y) || rings.some((ring) => nearLine(ring, x, y, near, true)));
    case "polyline":
    case "link": return nearLine(selector.points, x, y, Math.max(near, 1e-6), false);
    case "keypoints": return selector.points.some(([px, py, seen]) => seen > 0 && Math.hypot(px - x, py - y) <= near * 2);
    case "mask": return maskAt(selector, Math.floor(x), Math.floor(y));
    default: return false;
  }
}

// Even-odd over all rings, so that a hole is outside.
function insideRings(rings, x, y) {
  let inside = false;
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 2; i + 1 < ring.length; j = i, i += 2) {
      if (ring[i + 1] > y !== ring[j + 1] > y && x < (ring[j] - ring[i]) * (y - ring[i + 1]) / (ring[j + 1] - ring[i + 1]) + ring[i]) inside = !inside;
    }
  }
  return inside;
}

function nearLine(points, x, y, near, closed) {
  const count = points.length;
  for (let i = closed ? 0 : 2, j = closed ? count - 2 : 0; i + 1 < count; j = i, i += 2) {
    const [ax, ay, bx, by] = [points[j], points[j + 1], points[i], points[i + 1]];
    const length = (bx - ax) ** 2 + (by - ay) ** 2;
    const share = length ? Math.max(0, Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length)) : 0;
    if (Math.hypot(x - ax - share * (bx - ax), y - ay - share * (by - ay)) <= near) return true;
  }
  return false;
}

function maskAt({ width, height, counts }, x, y) {
  if (x < 0 || y < 0 || x >= width || y >= height) return false;
  const wanted = x * height + y;
  let at = 0;
  for (let index = 0; index < counts.length; index += 1) {
    at += counts[index];
    if (wanted < at) return index % 2 === 1;
  }
  return false;
}

/**
 * Relations between labels that are drawn, as arrows (`link`) from middle to middle; and what a relation itself names on
 * this item. `entries` has the shapes of the labels, `item` the item's key.
 */
export function links(label, entries, item) {
  const { from, to } = label.selector;
  const middle = ({ bounds: [l, t, r, b] }) => [(l + r) / 2, (t + b) / 2];
  const places = (targets) => targets.flatMap((target) => {
    if (target.annotation) return entries.filter((each) => each.label.id === target.annotation).slice(0, 1).map(middle);
    if (target.item !== item || !target.selector) return [];
    return flat(target.selector, 0, item).map((shape) => middle({ bounds: bounds(shape) }));
  });
  const ends = places(to);
  return places(from).flatMap((start) => ends.map((end) => ({ kind: "link", points: [...start, ...end] })));
}

/** The points by which a selector is dragged: `[x, y]` each. A box has its four corners, then the middles of its sides. */
export function handles(selector) {
  switch (selector.kind) {
    case "box": {
      const [l, t, r, b] = bounds(selector);
      return [[l, t], [r, t], [r, b], [l, b], [(l + r) / 2, t], [r, (t + b) / 2], [(l + r) / 2, b], [l, (t + b) / 2]];
    }
    case "rotatedBox":
    case "ellipse": {
      // The last one turns it: above the middle of the upper side.
      const corners = turned(selector);
      const top = [(corners[0][0] + corners[1][0]) / 2, (corners[0][1] + corners[1][1]) / 2];
      const reach = Math.max(12, selector.height * 0.25);
      return [...corners, [top[0] + Math.sin(selector.angle) * reach, top[1] - Math.cos(selector.angle) * reach]];
    }
    case "polygon": return selector.parts.flatMap((rings) => rings.flatMap(pairs));
    case "polyline": return pairs(selector.points);
    case "keypoints": return selector.points.map(([x, y]) => [x, y]);
    default: return [];
  }
}

function pairs(list) {
  return Array.from({ length: list.length / 2 }, (_, index) => [list[2 * index], list[2 * index + 1]]);
}

/** A selector with one of its handles at another place. */
export function dragged(selector, handle, x, y) {
  if (selector.kind === "box") return draggedBox(selector, handle, x, y);
  if (selector.kind === "rotatedBox" || selector.kind === "ellipse") return draggedTurned(selector, handle, x, y);
  let at = 0;
  const put = (list) => {
    const next = list.slice();
    const index = handle - at;
    at += list.length / 2;
    if (index >= 0 && index < list.length / 2) [next[2 * index], next[2 * index + 1]] = [x, y];
    return next;
  };
  if (selector.kind === "polygon") return { ...selector, parts: selector.parts.map((rings) => rings.map(put)) };
  if (selector.kind === "polyline") return { ...selector, points: put(selector.points) };
  if (selector.kind === "keypoints") return { ...selector, points: selector.points.map((point, index) => (index === handle ? [x, y, point[2] || 2] : point)) };
  return selector;
}

function draggedBox(selector, handle, x, y) {
  let [l, t, r, b] = bounds(selector);
  if ([0, 3, 7].includes(handle)) l = x;
  if ([1, 2, 5].includes(handle)) r = x;
  if ([0, 1, 4].includes(handle)) t = y;
  if ([2, 3, 6].includes(handle)) b = y;
  return { kind: "box", x: Math.min(l, r), y: Math.min(t, b), width: Math.abs(r - l), height: Math.abs(b - t) };
}

function draggedTurned(selector, handle, x, y) {
  if (handle === 4) return { ...selector, angle: Math.atan2(x - selector.centerX, selector.centerY - y) };
  // The opposite corner stays.
  const fixed = turned(selector)[(handle + 2) % 4];
  const [c, s] = [Math.cos(selector.angle), Math.sin(selector.angle)];
  const [dx, dy] = [x - fixed[0], y - fixed[1]];
  return { ...selector, centerX: (x + fixed[0]) / 2, centerY: (y + fixed[1]) / 2, width: Math.abs(dx * c + dy * s), height: Math.abs(dy * c - dx * s) };
}

/** A selector that was moved by so many pixels; null for kinds that cannot be moved. */
export function shifted(selector, dx, dy) {
  const list = (points) => points.map((value, index) => value + (index % 2 ? dy : dx));
  switch (selector.kind) {
    case "box": return { ...selector, x: selector.x + dx, y: selector.y + dy };
    case "rotatedBox":
    case "ellipse": return { ...selector, centerX: selector.centerX + dx, centerY: selector.centerY + dy };
    case "polygon": return { ...selector, parts: selector.parts.map((rings) => rings.map(list)) };
    case "polyline": return { ...selector, points: list(selector.points) };
    case "keypoints": return { ...selector, points: selector.points.map(([x, y, seen]) => [x + dx, y + dy, seen]) };
    default: return null;
  }
}

/** The same with coordinates of two decimals, as label files write them, and not a hundredth of a pixel's noise. */
export function rounded(selector) {
  const tidy = (value) => (typeof value === "number" ? Math.round(value * 100) / 100 : Array.isArray(value) ? value.map(tidy) : value);
  return Object.fromEntries(Object.entries(selector).map(([key, value]) => [key, key === "angle" ? Math.round(value * 1e6) / 1e6 : tidy(value)]));
}
