// Reads point clouds: PCD (text, binary, compressed), PLY (text, little-endian) and KITTI's .bin. Everything that a file
// says of its sizes is checked against the bytes that there are.

const POINTS_MAX = 4_000_000;

/**
 * The points of a cloud: `positions` (x, y, z…), `intensity` and `labels` where the file has them, `count`, and of very
 * many every `step`-th (`all` are in the file). Throws where the form is not known or the file too short.
 */
export function readCloud(buffer, key) {
  const head = new TextDecoder("latin1").decode(buffer.slice(0, 4096));
  let table;
  if (/(^|\n)VERSION|^# \.PCD/.test(head)) table = pcd(buffer);
  else if (head.startsWith("ply")) table = ply(buffer);
  else if (/\.bin$/i.test(key) && buffer.byteLength % 16 === 0) table = rows(new DataView(buffer), buffer.byteLength / 16, 16, ["x", "y", "z", "intensity"].map((name, at) => ({ name, offset: at * 4, type: "F4" })));
  else throw new Error("PCD, PLY, .bin");
  return points(table);
}

const READERS = {
  F4: (view, at) => view.getFloat32(at, true), F8: (view, at) => view.getFloat64(at, true), U1: (view, at) => view.getUint8(at), U2: (view, at) => view.getUint16(at, true),
  U4: (view, at) => view.getUint32(at, true), I1: (view, at) => view.getInt8(at), I2: (view, at) => view.getInt16(at, true), I4: (view, at) => view.getInt32(at, true),
};

// A table of fields whose rows lie one after the other.
function rows(view, count, stride, fields) {
  if (count * stride > view.byteLength) throw new Error(`${view.byteLength} B < ${count * stride} B`);
  const get = new Map(fields.map((field) => [field.name, (row) => READERS[field.type](view, row * stride + field.offset)]));
  return { count, get };
}

function pcd(buffer) {
  const bytes = new Uint8Array(buffer);
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, Math.min(bytes.length, 16_384)));
  const found = text.match(/(?:^|\n)DATA (\w+)\r?\n/);
  if (!found) throw new Error("DATA");
  const start = found.index + found[0].length;
  const words = (name) => text.match(new RegExp(`(?:^|\\n)${name} ([^\\r\\n]*)`))?.[1].trim().split(/\s+/) ?? [];
  const [names, sizes, types] = [words("FIELDS"), words("SIZE").map(Number), words("TYPE")];
  const counts = words("COUNT").length ? words("COUNT").map(Number) : names.map(() => 1);
  const count = Number(words("POINTS")[0] ?? Number(words("WIDTH")[0]) * Number(words("HEIGHT")[0] ?? 1));
  if (!Number.isSafeInteger(count) || count < 0 || !names.length) throw new Error("POINTS");
  if (found[1] === "ascii") return lines(new TextDecoder().decode(bytes.subarray(start)), count, names);
  let offset = 0;
  const isPacked = found[1] === "binary_compressed";
  const fields = names.map((name, index) => {
    const field = { name, offset, type: `${types[index]}${sizes[index]}` };
    if (!READERS[field.type] && !name.startsWith("_")) throw new Error(field.type);
    offset += sizes[index] * counts[index] * (isPacked ? count : 1);
    return field;
  }).filter((field) => READERS[field.type]);
  if (!isPacked) return rows(new DataView(buffer, start), count, offset, fields);
  const view = new DataView(buffer, start);
  const [packed, full] = [view.getUint32(0, true), view.getUint32(4, true)];
  if (full !== offset || full > 512 * 1024 * 1024 || packed > bytes.length - start - 8) throw new Error("binary_compressed");
  const data = new DataView(unpacked(bytes.subarray(start + 8, start + 8 + packed), full).buffer);
  // Compressed files have one field after the other, and not one point after the other.
  return { count, get: new Map(fields.map((field) => [field.name, (row) => READERS[field.type](data, field.offset + row * Number(field.type.slice(1)))])) };
}

// LZF, as PCD has it.
function unpacked(bytes, length) {
  const out = new Uint8Array(length);
  let [at, to] = [0, 0];
  while (at < bytes.length) {
    const control = bytes[at++];
    if (control < 32) {
      if (to + control + 1 > length) throw new Error("LZF");
      out.set(bytes.subarray(at, at + control + 1), to);
      at += control + 1;
      to += control + 1;
    } else {
      let run = control >> 5;
      if (run === 7) run += bytes[at++];
      const from = to - ((control & 31) << 8 | bytes[at++]) - 1;
      if (from < 0 || to + run + 2 > length) throw new Error("LZF");
      for (let index = 0; index < run + 2; index += 1) out[to + index] = out[from + index];
      to += run + 2;
    }
  }
  return out;
}

function lines(text, count, names) {
  const table = text.split("\n").slice(0, count).map((line) => line.trim().split(/\s+/).map(Number));
  return { count: table.length, get: new Map(names.map((name, column) => [name, (row) => table[row][column] ?? NaN])) };
}

function ply(buffer) {
  const bytes = new Uint8Array(buffer);
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, Math.min(bytes.length, 16_384)));
  const end = text.match(/end_header\r?\n/);
  if (!end) throw new Error("end_header");
  const start = end.index + end[0].length;
  const head = text.slice(0, start);
  const form = head.match(/format (\w+)/)?.[1];
  const vertex = head.match(/element vertex (\d+)\r?\n((?:\s*property [^\n]*\n)*)/);
  if (!vertex) throw new Error("element vertex");
  const types = { float: "F4", float32: "F4", double: "F8", float64: "F8", uchar: "U1", uint8: "U1", char: "I1", int8: "I1", ushort: "U2", uint16: "U2", short: "I2", int16: "I2", uint: "U4", uint32: "U4", int: "I4", int32: "I4" };
  let stride = 0;
  const fields = [...vertex[2].matchAll(/property (\w+) (\w+)/g)].map(([, type, name]) => {
    if (!types[type]) throw new Error(type);
    const field = { name, offset: stride, type: types[type] };
    stride += Number(types[type].slice(1));
    return field;
  });
  if (form === "ascii") return lines(new TextDecoder().decode(bytes.subarray(start)), Number(vertex[1]), fields.map((each) => each.name));
  if (form !== "binary_little_endian") throw new Error(form);
  return rows(new DataView(buffer, start), Number(vertex[1]), stride, fields);
}

function points({ count: all, get }) {
  const [x, y, z] = ["x", "y", "z"].map((name) => get.get(name));
  if (!x || !y || !z) throw new Error("x, y, z");
  const step = Math.max(1, Math.ceil(all / POINTS_MAX));
  const count = Math.floor((all + step - 1) / step);
  const positions = new Float32Array(count * 3);
  const strength = get.get("intensity") ?? get.get("i");
  const intensity = strength ? new Float32Array(count) : null;
  const name = get.get("label") ?? get.get("class");
  const labels = name ? new Uint32Array(count) : null;
  const [low, high] = [[Infinity, Infinity, Infinity], [-Infinity, -Infinity, -Infinity]];
  for (let index = 0; index < count; index += 1) {
    const row = index * step;
    [x(row), y(row), z(row)].forEach((value, axis) => {
      positions[index * 3 + axis] = Number.isFinite(value) ? value : 0;
      if (value < low[axis]) low[axis] = value;
      if (value > high[axis]) high[axis] = value;
    });
    if (intensity) intensity[index] = strength(row);
    if (labels) labels[index] = name(row);
  }
  const center = low.map((each, axis) => (each + high[axis]) / 2 || 0);
  return { positions, intensity, labels, count, all, step, sphere: { center, radius: Math.hypot(...low.map((each, axis) => high[axis] - each)) / 2 || 1 } };
}
