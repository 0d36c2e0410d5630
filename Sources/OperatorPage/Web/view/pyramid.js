// Least and greatest values over runs of samples, in levels: whatever the zoom, a column of pixels looks at a few of them.

const STEP = 8;

/** The levels of a channel: each has the least and the greatest of `STEP` values of the level below. */
export function pyramid(values) {
  const levels = [];
  let [low, high] = [values, values];
  while (low.length > 2 * STEP) {
    const length = Math.ceil(low.length / STEP);
    const [least, most] = [new Float32Array(length), new Float32Array(length)];
    for (let index = 0; index < length; index += 1) {
      let [a, b] = [Infinity, -Infinity];
      const end = Math.min(low.length, (index + 1) * STEP);
      for (let at = index * STEP; at < end; at += 1) {
        if (low[at] < a) a = low[at];
        if (high[at] > b) b = high[at];
      }
      least[index] = a;
      most[index] = b;
    }
    levels.push({ least, most });
    [low, high] = [least, most];
  }
  return levels;
}

/** Least and greatest of the samples from `from` up to `to`; null where there is none. */
export function range(values, levels, from, to) {
  let [a, b] = [Infinity, -Infinity];
  let start = Math.max(0, Math.floor(from));
  let end = Math.min(values.length, Math.ceil(to));
  const look = (low, high, first, last) => {
    for (let at = first; at < last; at += 1) {
      if (low[at] < a) a = low[at];
      if (high[at] > b) b = high[at];
    }
  };
  let [low, high] = [values, values];
  for (const level of [...levels, null]) {
    if (!level || end - start < 4 * STEP) {
      look(low, high, start, end);
      break;
    }
    // The ends that fill no run of the next level are looked at here.
    const [first, last] = [Math.ceil(start / STEP) * STEP, Math.floor(end / STEP) * STEP];
    look(low, high, start, first);
    look(low, high, last, end);
    [start, end] = [first / STEP, last / STEP];
    ({ least: low, most: high } = level);
  }
  return a <= b ? [a, b] : null;
}
