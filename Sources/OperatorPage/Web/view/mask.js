// Masks: runs down the columns, zeros first, as pixels.

const PIXELS_MAX = 4_000_000;
const drawn = new WeakMap();

/** A mask as a canvas in a colour, made once; large ones have fewer pixels. Null where it is of no size. */
export function maskBitmap(selector, colour) {
  const held = drawn.get(selector);
  if (held?.colour === colour) return held.canvas;
  const { width, height, counts } = selector;
  if (!(width > 0 && height > 0) || width * height > 400_000_000) return null;
  const step = Math.max(1, Math.ceil(Math.sqrt(width * height / PIXELS_MAX)));
  const [w, h] = [Math.ceil(width / step), Math.ceil(height / step)];
  const canvas = new OffscreenCanvas(w, h);
  const context = canvas.getContext("2d");
  const image = context.createImageData(w, h);
  const pixels = new Uint32Array(image.data.buffer);
  const value = packed(colour);
  let at = 0;
  counts.forEach((count, index) => {
    if (index % 2) {
      for (let each = at; each < at + count; each += 1) {
        const [x, y] = [Math.floor(each / height), each % height];
        if (x % step === 0 && y % step === 0 && x < width) pixels[y / step * w + x / step] = value;
      }
    }
    at += count;
  });
  context.putImageData(image, 0, 0);
  drawn.set(selector, { colour, canvas });
  return canvas;
}

function packed(colour) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return (255 << 24 | b << 16 | g << 8 | r) >>> 0;
}
