// Bytes, texts and hashes. Everything that is wrong is a Refused, with one line that says why.

export class Refused extends Error {}

export function need(condition, why) {
  if (!condition) throw new Refused(why);
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** The text of bytes that must be UTF-8. */
export function text(bytes, what = "a text") {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Refused(`${what} is not UTF-8`);
  }
}

/** The UTF-8 of a text, which must not hold half a character. */
export function utf8(string) {
  need(string.isWellFormed(), "a text holds half a character");
  return encoder.encode(string);
}

export function concat(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Below, above or equal, byte by byte; a prefix comes first. */
export function compare(one, other) {
  const length = Math.min(one.length, other.length);
  for (let i = 0; i < length; i++) if (one[i] !== other[i]) return one[i] - other[i];
  return one.length - other.length;
}

export const equal = (one, other) => compare(one, other) === 0;
/** Texts by their UTF-8, as everything in the logs is ordered. */
export const compareTexts = (one, other) => compare(utf8(one), utf8(other));

export const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");

export function unhex(string) {
  need(/^([0-9a-f]{2})*$/.test(string), "not hexadecimal");
  return Uint8Array.from(string.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function base64(bytes) {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** The bytes of standard Base64 in its only form. */
export function unbase64(string) {
  need(/^[A-Za-z0-9+/]*={0,2}$/.test(string) && string.length % 4 === 0, "not Base64");
  const bytes = Uint8Array.from(atob(string), (c) => c.charCodeAt(0));
  need(base64(bytes) === string, "Base64 with unused bits");
  return bytes;
}

export async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts)));
}

/** A whole number from 0 to below a limit. */
export const whole = (value, end = Number.MAX_SAFE_INTEGER) =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value < end;

export const isBytes = (value, length) =>
  value instanceof Uint8Array && (length === undefined || value.length === length);
export const isText = (value, limit = 16384) => typeof value === "string" && utf8(value).length <= limit;

// Origins and datasets (Protocol.md, section 1).
const ORIGIN = /^(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*$/;
export const isOrigin = (value) => typeof value === "string" && value.length <= 253 && ORIGIN.test(value);

/** An annotation's id: organisation, entry, position; nothing else parses. */
export function annotationId(id) {
  const found = /^([^:/]+):(0|[1-9][0-9]{0,10})\.(0|[1-9][0-9]{0,3})$/.exec(id);
  need(found && isOrigin(found[1]) && +found[2] < 2 ** 36 && +found[3] < 4096, "not an annotation's id");
  return { origin: found[1], entry: +found[2], position: +found[3] };
}
