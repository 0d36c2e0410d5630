// Reads a table of numbers beside the page, so that a file of millions of rows does not stop it.

import { pyramid } from "./pyramid.js";

const ROWS_MAX = 20_000_000;
const COLUMNS_MAX = 64;

onmessage = ({ data }) => {
  try {
    const { names, columns, times } = read(new Uint8Array(data));
    const channels = columns.map((values, index) => ({ name: names[index], values, levels: pyramid(values) }));
    const buffers = channels.flatMap((each) => [each.values.buffer, ...each.levels.flatMap((level) => [level.least.buffer, level.most.buffer])]);
    if (times) buffers.push(times.buffer);
    postMessage({ channels, times }, buffers);
  } catch (error) {
    postMessage({ error: error.message });
  }
};

function read(bytes) {
  const headEnd = bytes.indexOf(10) < 0 ? bytes.length : bytes.indexOf(10);
  const head = new TextDecoder().decode(bytes.subarray(0, headEnd)).replace(/\r$/, "").replace(/^\ufeff/, "");
  const separator = [",", ";", "\t"].reduce((best, each) => (head.split(each).length > head.split(best).length ? each : best), ",");
  const names = head.split(separator).map((each) => each.trim().replace(/^"|"$/g, ""));
  const hasHead = names.some((each) => each !== "" && !Number.isFinite(Number(each)));
  const count = Math.min(COLUMNS_MAX, names.length);
  let rows = 0;
  for (let at = hasHead ? headEnd + 1 : 0; at < bytes.length; at += 1) if (bytes[at] === 10) rows += 1;
  if (bytes[bytes.length - 1] !== 10) rows += 1;
  if (rows > ROWS_MAX) throw new Error(`${rows} rows`);
  const columns = Array.from({ length: count }, () => new Float64Array(rows));
  fillColumns(bytes, hasHead ? headEnd + 1 : 0, separator.charCodeAt(0), columns);
  const called = hasHead ? names.slice(0, count) : columns.map((_, index) => `#${index + 1}`);
  const isTime = hasHead && /^(t|time|times|timestamp|date|datetime|sec|seconds|zeit|时间)$/i.test(called[0]) && ascends(columns[0]);
  const times = isTime ? columns.shift() : null;
  if (isTime) called.shift();
  // A column of words has no line.
  const kept = columns.map((values, index) => [called[index], values]).filter(([, values]) => values.some(Number.isFinite)).map(([name, values]) => [name, Float32Array.from(values)]);
  return { names: kept.map(([name]) => name), columns: kept.map(([, values]) => values), times };
}

function ascends(values) {
  for (let at = 1; at < values.length; at += 1) if (!(values[at] >= values[at - 1])) return false;
  return Number.isFinite(values[0]);
}

// Numbers are read by hand: making a text of each of millions of cells takes ten times as long.
function fillColumns(bytes, start, separator, columns) {
  let [row, column, from] = [0, 0, start];
  const put = (end) => {
    if (column < columns.length && row < columns[column].length) columns[column][row] = cell(bytes, from, end);
  };
  for (let at = start; at <= bytes.length; at += 1) {
    const sign = at === bytes.length ? 10 : bytes[at];
    if (sign === separator) {
      put(at);
      column += 1;
      from = at + 1;
    } else if (sign === 10) {
      if (at > from || column) {
        put(at > from && bytes[at - 1] === 13 ? at - 1 : at);
        for (let rest = column + 1; rest < columns.length; rest += 1) columns[rest][row] = NaN;
        row += 1;
      }
      column = 0;
      from = at + 1;
    }
  }
}

function cell(bytes, from, end) {
  let [at, sign, value, isNumber] = [from, 1, 0, false];
  if (bytes[at] === 45) [sign, at] = [-1, at + 1];
  for (; at < end && bytes[at] >= 48 && bytes[at] <= 57; at += 1) [value, isNumber] = [value * 10 + bytes[at] - 48, true];
  if (bytes[at] === 46 && at < end) {
    let scale = 0.1;
    for (at += 1; at < end && bytes[at] >= 48 && bytes[at] <= 57; at += 1) {
      value += (bytes[at] - 48) * scale;
      scale /= 10;
      isNumber = true;
    }
  }
  if (at === end && isNumber) return sign * value;
  const text = new TextDecoder().decode(bytes.subarray(from, end)).trim().replace(/^"|"$/g, "");
  if (text === "") return NaN;
  if (Number.isFinite(Number(text))) return Number(text);
  // Stamps without a zone count as they stand, as the labels of series do.
  const stamp = text.match(/^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?)?/);
  return stamp ? Date.UTC(stamp[1], stamp[2] - 1, stamp[3], stamp[4] ?? 0, stamp[5] ?? 0) / 1000 + Number(stamp[6] ?? 0) : NaN;
}
