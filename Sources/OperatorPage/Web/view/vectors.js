// What molfiles (V2000) and DXF files draw, as points and lines. Both are text in fixed forms; what is not understood is
// left out, and nothing in a file makes the page do more than read it once.

const PARTS_MAX = 100_000;

/** The atoms and bonds of the first structure of a molfile or SDF, in its own coordinates. */
export function molecule(text) {
  const lines = text.split(/\r?\n/);
  const counts = lines[3] ?? "";
  const [atoms, bonds] = [Number(counts.slice(0, 3)), Number(counts.slice(3, 6))];
  if (!Number.isInteger(atoms) || !Number.isInteger(bonds)) return [];
  const points = [];
  const parts = [];
  for (let index = 0; index < atoms; index += 1) {
    const line = lines[4 + index] ?? "";
    points.push([Number(line.slice(0, 10)) || 0, Number(line.slice(10, 20)) || 0]);
    parts.push({ kind: "atom", name: `atom ${index + 1}`, text: line.slice(31, 34).trim(), points: points[index] });
  }
  for (let index = 0; index < bonds; index += 1) {
    const line = lines[4 + atoms + index] ?? "";
    const [a, b, order] = [Number(line.slice(0, 3)), Number(line.slice(3, 6)), Number(line.slice(6, 9))];
    if (!points[a - 1] || !points[b - 1]) continue;
    const bond = { kind: "line", order, points: [...points[a - 1], ...points[b - 1]] };
    // A label may name a bond by its ends in either order.
    parts.unshift({ ...bond, name: `bond ${a}-${b}` }, { ...bond, order: 1, name: `bond ${b}-${a}`, twin: `bond ${a}-${b}` });
  }
  return parts;
}

/** The entities of a DXF file by their handles: lines, circles, arcs, polylines, texts, points and where blocks stand. */
export function drawing(text) {
  const lines = text.split(/\r?\n/);
  const parts = [];
  let isInside = false;
  let entity = null;
  const finish = () => {
    const part = entity && isInside ? shape(entity) : null;
    if (part && parts.length < PARTS_MAX) parts.push(part);
  };
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const [code, value] = [Number(lines[at]), lines[at + 1].trim()];
    if (code === 0) {
      finish();
      entity = { type: value, groups: [] };
      if (value === "ENDSEC") isInside = false;
    } else if (code === 2 && entity?.type === "SECTION") isInside = value === "ENTITIES";
    else entity?.groups.push([code, value]);
  }
  finish();
  return parts;
}

function shape({ type, groups }) {
  const one = (code) => groups.find(([each]) => each === code)?.[1];
  const n = (code) => Number(one(code)) || 0;
  const all = (code) => groups.filter(([each]) => each === code).map(([, value]) => Number(value) || 0);
  const name = one(5);
  const turn = (degrees) => -degrees * Math.PI / 180;
  switch (type) {
    case "LINE": return { kind: "line", name, points: [n(10), n(20), n(11), n(21)] };
    case "CIRCLE": return { kind: "arc", name, points: [n(10), n(20)], radius: n(40), from: 0, to: 2 * Math.PI };
    // The angles of a file go the other way round, since its y goes up.
    case "ARC": return { kind: "arc", name, points: [n(10), n(20)], radius: n(40), from: turn(n(51)), to: turn(n(50)) };
    case "LWPOLYLINE": {
      const [xs, ys] = [all(10), all(20)];
      return xs.length ? { kind: "line", name, isClosed: (n(70) & 1) === 1, points: xs.flatMap((x, index) => [x, ys[index] ?? 0]) } : null;
    }
    case "POINT": return { kind: "text", text: "·", name, points: [n(10), n(20)] };
    case "TEXT":
    case "MTEXT":
    case "ATTRIB":
    case "DIMENSION": return { kind: "text", text: (one(1) ?? "").slice(0, 80), name, points: [n(10), n(20)] };
    case "INSERT": return { kind: "text", text: `[${(one(2) ?? "").slice(0, 40)}]`, name, points: [n(10), n(20)] };
    default: return null;
  }
}
