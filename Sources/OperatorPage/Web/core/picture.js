// Pictures before they are decoded: what their first bytes say of their size. A browser that is given a header of
// 100,000 × 100,000 pixels may take all memory there is; so the size is read here, and what is too large is not decoded.

/** The most pixels that are decoded. */
export const PIXELS_MAX = 100_000_000;

/** Width and height as the header of a PNG, JPEG, GIF, WebP or BMP says them; null where it is none of these. */
export function headerSize(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sign = (at, text) => [...text].every((each, index) => bytes[at + index] === each.charCodeAt(0));
  if (bytes.length >= 24 && bytes[0] === 0x89 && sign(1, "PNG")) return { width: view.getUint32(16), height: view.getUint32(20), type: "image/png" };
  if (bytes.length >= 10 && sign(0, "GIF8")) return { width: view.getUint16(6, true), height: view.getUint16(8, true), type: "image/gif" };
  if (bytes.length >= 26 && sign(0, "BM")) return { width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)), type: "image/bmp" };
  if (bytes.length >= 30 && sign(0, "RIFF") && sign(8, "WEBP")) return webp(bytes, view, sign);
  if (bytes.length >= 4 && bytes[0] === 0xff && bytes[1] === 0xd8) return jpeg(bytes, view);
  return null;
}

function webp(bytes, view, sign) {
  const type = "image/webp";
  if (sign(12, "VP8X")) return { width: 1 + (view.getUint32(24, true) & 0xffffff), height: 1 + (view.getUint32(27, true) >>> 0 & 0xffffff), type };
  if (sign(12, "VP8L")) {
    const bits = view.getUint32(21, true);
    return { width: 1 + (bits & 0x3fff), height: 1 + (bits >>> 14 & 0x3fff), type };
  }
  return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff, type };
}

function jpeg(bytes, view) {
  for (const { kind, at } of segments(bytes, view)) {
    if (kind >= 0xc0 && kind <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(kind) && at + 9 <= bytes.length) {
      return { width: view.getUint16(at + 7), height: view.getUint16(at + 5), type: "image/jpeg" };
    }
  }
  return null;
}

/** The segments of a JPEG before its first scan. */
function* segments(bytes, view) {
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff;) {
    const kind = bytes[at + 1];
    // A marker may be filled up from the left.
    if (kind === 0xff) {
      at += 1;
      continue;
    }
    const end = at + 2 + view.getUint16(at + 2);
    yield { kind, at, end };
    if (kind === 0xda) return;
    at = end;
  }
}

/** Where the EXIF of a PNG, JPEG or WebP stands: whole segments and chunks, in order. */
function* exif(bytes, view, type) {
  const sign = (at, text) => [...text].every((each, index) => bytes[at + index] === each.charCodeAt(0));
  if (type === "image/jpeg") {
    for (const { kind, at, end } of segments(bytes, view)) if (kind === 0xe1 && sign(at + 4, "Exif\0\0")) yield { at, end };
  } else if (type === "image/png") {
    for (let at = 8, end; at + 12 <= bytes.length; at = end) {
      end = at + 12 + view.getUint32(at);
      if (sign(at + 4, "eXIf")) yield { at, end };
    }
  } else if (type === "image/webp") {
    for (let at = 12, end; at + 8 <= bytes.length; at = end) {
      const count = view.getUint32(at + 4, true);
      end = at + 8 + count + count % 2;
      if (sign(at, "EXIF")) yield { at, end };
    }
  }
}

/**
 * The picture as it is stored, for labels count stored pixels: without the EXIF that may ask to turn it, for browsers
 * turn it whatever `imageOrientation` says. Changes the bytes.
 */
function unturned(bytes, type) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept = [];
  let from = 0;
  let removed = 0;
  for (const { at, end } of exif(bytes, view, type)) {
    kept.push(bytes.subarray(from, at));
    from = Math.min(end, bytes.length);
    removed += from - at;
  }
  kept.push(bytes.subarray(from));
  if (removed && type === "image/webp") {
    view.setUint32(4, view.getUint32(4, true) - removed, true);
    // The header of the extended form says that there is EXIF.
    bytes[20] &= ~8;
  }
  return new Blob(kept, { type });
}

/**
 * Decodes a picture, smaller where `longest` says so. Throws an error with the code `too-large` or `not-a-picture`: only
 * what begins like a picture of pixels is given to the decoder, so no SVG either.
 */
export async function decode(blob, longest = null) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const size = headerSize(bytes);
  if (!size || size.width < 1 || size.height < 1) throw Object.assign(new Error("not a picture"), { code: "not-a-picture" });
  if (size.width * size.height > PIXELS_MAX) throw Object.assign(new Error(`${size.width} × ${size.height}`), { code: "too-large", size });
  const options = {};
  if (longest && Math.max(size.width, size.height) > longest) {
    const share = longest / Math.max(size.width, size.height);
    options.resizeWidth = Math.max(1, Math.round(size.width * share));
    options.resizeHeight = Math.max(1, Math.round(size.height * share));
    options.resizeQuality = "medium";
  }
  try {
    return { bitmap: await createImageBitmap(unturned(bytes, size.type), options), ...size };
  } catch {
    throw Object.assign(new Error("not a picture"), { code: "not-a-picture" });
  }
}
