// DER (X.690), as far as certificates need it: definite lengths in their shortest form, one byte of tag.

import { hex, need, text } from "./bytes.js";

class Item {
  constructor(tag, whole, content) {
    Object.assign(this, { tag, whole, content });
  }

  /** What a constructed item holds. */
  parts() {
    need(this.tag & 0x20, "DER: a plain item where parts are expected");
    const parts = [];
    for (let at = 0; at < this.content.length;) {
      const item = take(this.content, at);
      parts.push(item);
      at += item.whole.length;
    }
    return parts;
  }
}

function take(bytes, at) {
  need(bytes.length - at >= 2 && (bytes[at] & 31) !== 31, "DER is cut, or has a long tag");
  let length = bytes[at + 1];
  let start = at + 2;
  if (length > 127) {
    const count = length & 127;
    need(count >= 1 && count <= 3 && bytes.length - start >= count, "DER has another form of length");
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + bytes[start + i];
    need(length > 127 && length >= 256 ** (count - 1), "DER with a length that is not the shortest");
    start += count;
  }
  need(bytes.length - start >= length, "DER is cut");
  return new Item(bytes[at], bytes.subarray(at, start + length), bytes.subarray(start, start + length));
}

/** The one item that bytes are, with this tag. */
export function read(bytes, tag) {
  const item = take(bytes, 0);
  need(item.whole.length === bytes.length && item.tag === tag, "DER is of another form");
  return item;
}

/** An object identifier by its bytes. */
export function oid(item) {
  need(item && item.tag === 6, "DER without an object identifier");
  return hex(item.content);
}

/** A positive integer's bytes without a leading zero. */
export function integer(item) {
  const bytes = item.content;
  need(item.tag === 2 && bytes.length > 0 && bytes[0] < 0x80, "DER without a positive integer");
  if (bytes[0] !== 0) return bytes;
  need(bytes.length === 1 || bytes[1] >= 0x80, "DER with an integer that is not the shortest");
  return bytes.subarray(1);
}

/** The bytes of a bit string of whole bytes. */
export function bits(item) {
  need(item.tag === 3 && item.content[0] === 0, "DER with a bit string of half a byte");
  return item.content.subarray(1);
}

/** Unix seconds of a UTCTime or GeneralizedTime as RFC 5280 wants them. */
export function time(item) {
  const found = /^(\d{2}|\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text(item.content));
  need(found && (item.tag === 0x17 ? found[1].length === 2 : item.tag === 0x18 && found[1].length === 4), "DER without a time");
  const short = +found[1];
  const year = found[1].length === 4 ? short : short < 50 ? 2000 + short : 1900 + short;
  const date = new Date(0);
  date.setUTCFullYear(year, found[2] - 1, +found[3]);
  date.setUTCHours(+found[4], +found[5], +found[6]);
  return date.getTime() / 1000;
}
