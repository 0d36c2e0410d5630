// Deterministic CBOR (RFC 8949, section 4.2.1): one encoding for each value, everything else is refused.
//
// Integers are numbers, or BigInts beyond 2^53; floats are Float, as an integer and a float are different values; maps
// are Map in the order of their keys' encodings; tags are Tag.

import { compare, concat, need, Refused, text, utf8 } from "./bytes.js";

export class Float {
  constructor(value) {
    this.value = value;
  }
}

export class Tag {
  constructor(tag, value) {
    this.tag = tag;
    this.value = value;
  }
}

const DEPTH_MAX = 24;
/** More values than this are in no file of the project. */
const ITEMS_MAX = 8_000_000;

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.at = 0;
    this.items = 0;
  }

  take(count) {
    need(count <= this.bytes.length - this.at, "CBOR is cut");
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  head() {
    const first = this.take(1)[0];
    const major = first >> 5;
    const info = first & 31;
    if (info < 24) return { major, info, argument: info };
    need(info < 28, "CBOR of indefinite length, or malformed");
    const size = 1 << (info - 24);
    const at = this.at;
    this.take(size);
    if (major === 7) return { major, info, at };
    let argument;
    if (size === 8) {
      const big = this.view.getBigUint64(at);
      need(big > 0xffffffffn, "CBOR is not in its shortest form");
      argument = big <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(big) : big;
    } else {
      argument = size === 1 ? this.view.getUint8(at) : size === 2 ? this.view.getUint16(at) : this.view.getUint32(at);
      need(argument > [23, 0xff, 0xffff][info - 24], "CBOR is not in its shortest form");
    }
    return { major, info, argument };
  }

  value(depth) {
    need(depth <= DEPTH_MAX, "CBOR is nested too deeply");
    need(++this.items <= ITEMS_MAX, "CBOR has too many parts");
    const { major, info, argument, at } = this.head();
    switch (major) {
      case 0:
        return argument;
      case 1: {
        const big = -1n - BigInt(argument);
        return big >= BigInt(Number.MIN_SAFE_INTEGER) ? Number(big) : big;
      }
      case 2:
        return this.take(argument);
      case 3:
        return text(this.take(argument));
      case 4: {
        // Each item takes a byte: a length beyond what is there is refused before anything is made.
        need(argument <= this.bytes.length - this.at, "CBOR is cut");
        const list = [];
        for (let i = 0; i < argument; i++) list.push(this.value(depth + 1));
        return list;
      }
      case 5:
        return this.map(argument, depth);
      case 6:
        return new Tag(argument, this.value(depth + 1));
      default:
        return this.simple(info, at);
    }
  }

  map(count, depth) {
    need(count <= this.bytes.length - this.at, "CBOR is cut");
    const map = new Map();
    let last;
    for (let i = 0; i < count; i++) {
      const start = this.at;
      const key = this.value(depth + 1);
      const encoded = this.bytes.subarray(start, this.at);
      need(last === undefined || compare(last, encoded) < 0, "CBOR with map keys out of order");
      last = encoded;
      map.set(key, this.value(depth + 1));
    }
    return map;
  }

  simple(info, at) {
    if (info === 20 || info === 21) return info === 21;
    if (info === 22) return null;
    need(info >= 25 && info <= 27, "CBOR with a value that is none here");
    const value = info === 27 ? this.view.getFloat64(at) : info === 26 ? this.view.getFloat32(at) : half(this.view.getUint16(at));
    const shortest = encodeFloat(value);
    need(shortest.length === this.at - at + 1 && compare(shortest, this.bytes.subarray(at - 1, this.at)) === 0,
      "CBOR is not in its shortest form");
    return new Float(value);
  }
}

function half(bits) {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size = exponent === 0 ? fraction * 2 ** -24
    : exponent === 31 ? (fraction ? NaN : Infinity) : (1024 + fraction) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -size : size;
}

/** The value that some bytes are, all of them. */
export function decode(bytes) {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  need(reader.at === bytes.length, "bytes follow CBOR's end");
  return value;
}

function head(major, argument) {
  const first = major << 5;
  if (argument < 24) return Uint8Array.of(first | Number(argument));
  const size = argument < 0x100 ? 1 : argument < 0x10000 ? 2 : argument < 0x100000000 ? 4 : 8;
  need(argument < 1n << 64n, "an integer is beyond CBOR's");
  const bytes = new Uint8Array(1 + size);
  const view = new DataView(bytes.buffer);
  bytes[0] = first | (23 + (size === 8 ? 4 : size === 4 ? 3 : size));
  if (size === 8) view.setBigUint64(1, BigInt(argument));
  else for (let i = 0, rest = Number(argument); i < size; i++, rest = Math.floor(rest / 256)) bytes[size - i] = rest % 256;
  return bytes;
}

function encodeFloat(value) {
  if (Number.isNaN(value)) return Uint8Array.of(0xf9, 0x7e, 0);
  const bytes = new Uint8Array(9);
  const view = new DataView(bytes.buffer);
  if (Math.fround(value) !== value) {
    bytes[0] = 0xfb;
    view.setFloat64(1, value);
    return bytes;
  }
  bytes[0] = 0xfa;
  view.setFloat32(1, value);
  const bits = view.getUint32(1);
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 255) - 127;
  const fraction = bits & 0x7fffff;
  let short;
  if (value === 0) short = sign;
  else if (exponent === 128) short = sign | 0x7c00;
  else if (exponent >= -14 && exponent <= 15 && (fraction & 0x1fff) === 0) short = sign | ((exponent + 15) << 10) | (fraction >> 13);
  else if (exponent >= -24 && exponent < -14) {
    const shift = -1 - exponent;
    const mantissa = 0x800000 | fraction;
    if ((mantissa & ((1 << shift) - 1)) === 0) short = sign | (mantissa >> shift);
  }
  return short === undefined ? bytes.subarray(0, 5) : Uint8Array.of(0xf9, short >> 8, short & 255);
}

/** The deterministic encoding of a value. */
export function encode(value) {
  const parts = [];
  write(value, parts, 0);
  return concat(...parts);
}

function write(value, parts, depth) {
  need(depth <= DEPTH_MAX, "a value is nested too deeply");
  if (value === null) parts.push(Uint8Array.of(0xf6));
  else if (typeof value === "boolean") parts.push(Uint8Array.of(value ? 0xf5 : 0xf4));
  else if (typeof value === "bigint") parts.push(value < 0n ? head(1, -1n - value) : head(0, value));
  else if (typeof value === "number") {
    need(Number.isSafeInteger(value), `${value} is no integer`);
    parts.push(value < 0 ? head(1, -1 - value) : head(0, value === 0 ? 0 : value));
  } else if (value instanceof Float) parts.push(encodeFloat(value.value));
  else if (value instanceof Encoded) parts.push(value.bytes);
  else if (value instanceof Uint8Array) parts.push(head(2, value.length), value);
  else if (typeof value === "string") {
    const bytes = utf8(value);
    parts.push(head(3, bytes.length), bytes);
  } else if (Array.isArray(value)) {
    parts.push(head(4, value.length));
    for (const item of value) write(item, parts, depth + 1);
  } else if (value instanceof Map) {
    const pairs = [...value].map(([key, item]) => [encode(key), item]).sort((a, b) => compare(a[0], b[0]));
    parts.push(head(5, pairs.length));
    for (const [key, item] of pairs) {
      parts.push(key);
      write(item, parts, depth + 1);
    }
  } else if (value instanceof Tag) {
    parts.push(head(6, value.tag));
    write(value.value, parts, depth + 1);
  } else throw new Refused("a value that CBOR does not have");
}

/** Bytes that are an encoding already. */
export class Encoded {
  constructor(bytes) {
    this.bytes = bytes;
  }
}
