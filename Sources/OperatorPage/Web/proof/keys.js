// Public keys and signatures by WebCrypto: Ed25519, ECDSA with P-256 and P-384, and RSA for authorities alone.

import { concat, equal, hex, isBytes, need, Refused } from "./bytes.js";
import { integer, oid, read } from "./der.js";

const ED25519_SPKI = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0);
/** Points of small order, under which signatures prove nothing; the sign bit is taken away. */
const SMALL = new Set(["00".repeat(32), "01" + "00".repeat(31), "ec" + "ff".repeat(30) + "7f",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"]);

function checkPoint(raw) {
  const y = raw.slice();
  y[31] &= 0x7f;
  const isCanonical = !(y[31] === 0x7f && y[0] >= 0xed && y.subarray(1, 31).every((b) => b === 0xff));
  need(isCanonical && !SMALL.has(hex(y)), "a public key is none");
}

const known = new Map();

/** The Ed25519 key with these 32 bytes. */
export async function ed25519(raw) {
  need(isBytes(raw, 32), "an Ed25519 key has 32 bytes");
  const name = hex(raw);
  if (!known.has(name)) {
    checkPoint(raw);
    if (known.size > 2048) known.clear();
    known.set(name, await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]).catch(() => {
      throw new Refused("a public key is none");
    }));
  }
  return known.get(name);
}

export async function ed25519Holds(raw, signature, message) {
  return signature.length === 64 && crypto.subtle.verify("Ed25519", await ed25519(raw), signature, message);
}

const CURVES = { "2a8648ce3d030107": ["P-256", 32], "2b81040022": ["P-384", 48], "2b81040023": ["P-521", 66] };

/** What kind of key a SubjectPublicKeyInfo holds: `Ed25519`, the name of a curve, or `RSA`. */
export function kind(spki) {
  const [algorithm] = read(spki, 0x30).parts();
  const [name, parameter] = algorithm.parts();
  switch (oid(name)) {
    case "2b6570":
      need(spki.length === 44 && equal(spki.subarray(0, 12), ED25519_SPKI), "a certificate's key is malformed");
      return "Ed25519";
    case "2a8648ce3d0201": {
      const curve = CURVES[oid(parameter)];
      need(curve, "a certificate's key is on another curve");
      return curve[0];
    }
    case "2a864886f70d010101":
      return "RSA";
    default:
      throw new Refused("a certificate's key is of another kind");
  }
}

const HASHES = {
  "2a8648ce3d040302": ["EC", "SHA-256"], "2a8648ce3d040303": ["EC", "SHA-384"], "2a8648ce3d040304": ["EC", "SHA-512"],
  "2a864886f70d01010b": ["RSA", "SHA-256"], "2a864886f70d01010c": ["RSA", "SHA-384"],
  "2a864886f70d01010d": ["RSA", "SHA-512"], "2b6570": ["Ed25519"],
};

/** r and s side by side, from the DER of X.509. */
function plainSignature(der, size) {
  return concat(...read(der, 0x30).parts().map((part) => {
    const value = integer(part);
    need(value.length <= size, "a signature of another length");
    return concat(new Uint8Array(size - value.length), value);
  }));
}

/** Whether a certificate's signature, by the algorithm that it names, is a key's. */
export async function issued(spki, algorithm, signature, message) {
  const [family, hash] = HASHES[algorithm] ?? [];
  const type = kind(spki);
  if (family === "Ed25519") return type === "Ed25519" && ed25519Holds(spki.subarray(12), signature, message);
  if (family === "RSA" && type === "RSA") {
    const key = await crypto.subtle.importKey("spki", spki, { name: "RSASSA-PKCS1-v1_5", hash }, false, ["verify"]);
    return key.algorithm.modulusLength >= 2048 && crypto.subtle.verify("RSASSA-PKCS1-v1_5", key, signature, message);
  }
  if (family !== "EC" || !type.startsWith("P-")) return false;
  const size = Object.values(CURVES).find(([name]) => name === type)[1];
  return ecdsa(spki, type, hash, plainSignature(signature, size), message);
}

async function ecdsa(spki, namedCurve, hash, signature, message) {
  const key = await crypto.subtle.importKey("spki", spki, { name: "ECDSA", namedCurve }, false, ["verify"]);
  return crypto.subtle.verify({ name: "ECDSA", hash }, key, signature, message);
}

/** Whether a COSE signature, r and s side by side, is a certificate's key's, by the algorithm that COSE names. */
export async function coseHolds(spki, algorithm, signature, message) {
  const type = kind(spki);
  const [expected, hash, size] = { [-8]: ["Ed25519"], [-19]: ["Ed25519"], [-7]: ["P-256", "SHA-256", 64],
    [-9]: ["P-256", "SHA-256", 64], [-35]: ["P-384", "SHA-384", 96], [-51]: ["P-384", "SHA-384", 96] }[algorithm] ?? [];
  if (type !== expected) return false;
  if (type === "Ed25519") return ed25519Holds(spki.subarray(12), signature, message);
  return signature.length === size && ecdsa(spki, type, hash, signature, message);
}
