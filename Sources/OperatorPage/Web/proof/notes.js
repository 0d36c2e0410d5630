// C2SP signed notes, checkpoints and tlog-proofs, and inclusion in a Merkle tree (RFC 9162, section 2.1.3.2).

import { base64, concat, equal, hex, isBytes, need, sha256, text, unbase64, utf8, whole } from "./bytes.js";
import { ed25519Holds } from "./keys.js";

const NOTE_BYTES_MAX = 65536;
const SIGNATURES_MAX = 100;
const HASHES_MAX = 63;
/** Trees of the project are below 2^36; a number beyond 2^53 is no size of one. */
const NUMBER = /^(0|[1-9][0-9]{0,15})$/;

function number(digits) {
  need(NUMBER.test(digits) && Number.isSafeInteger(+digits), "not a plain decimal");
  return +digits;
}

const hashOf = (line) => {
  need(line.length === 44, "not the Base64 of 32 bytes");
  return unbase64(line);
};

export const leafHash = (entry) => sha256(Uint8Array.of(0), entry);
const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right);
export const emptyRoot = () => sha256();

/** Whether a leaf's hash stands at an index of a tree with this root; throws where it does not. */
export async function included(index, size, leaf, path, root) {
  need(whole(index) && whole(size) && index < size, "the index is beyond the tree");
  need(Array.isArray(path) && path.length <= HASHES_MAX && path.every((h) => isBytes(h, 32)), "not a path of hashes");
  let fn = BigInt(index);
  let sn = BigInt(size) - 1n;
  let hash = leaf;
  for (const other of path) {
    need(sn !== 0n, "the path is too long");
    if (fn & 1n || fn === sn) {
      hash = await nodeHash(other, hash);
      while (fn && !(fn & 1n)) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else hash = await nodeHash(hash, other);
    fn >>= 1n;
    sn >>= 1n;
  }
  need(sn === 0n && equal(hash, root), "the entry is not included under the signed root");
}

/** The root over leaves' hashes. */
export async function treeRoot(leaves) {
  if (!leaves.length) return emptyRoot();
  let level = leaves;
  while (level.length > 1) {
    const next = [];
    for (let i = 0; i < level.length; i += 2) next.push(i + 1 < level.length ? await nodeHash(level[i], level[i + 1]) : level[i]);
    level = next;
  }
  return level[0];
}

export async function keyId(name, type, key) {
  return (await sha256(utf8(name), Uint8Array.of(10, type), key)).subarray(0, 4);
}

/** A signed note: its text with the last newline, and the lines under it. */
export function note(bytes) {
  need(bytes.length <= NOTE_BYTES_MAX, "a note is too long");
  need(bytes.every((b) => b >= 0x20 || b === 10), "a note holds control characters");
  const all = text(bytes, "a note");
  const gap = all.lastIndexOf("\n\n");
  need(gap >= 0 && all.endsWith("\n") && gap + 2 < all.length, "not a signed note");
  const lines = all.slice(gap + 2, -1).split("\n");
  need(lines.length <= SIGNATURES_MAX, "a note has too many signatures");
  const signatures = lines.map((line) => {
    const found = /^\u2014 ([^ +]+) ([^ ]+)$/.exec(line);
    need(found && !/\s/u.test(found[1]), "a signature line is malformed");
    const raw = unbase64(found[2]);
    need(raw.length > 4, "a signature line is malformed");
    return { name: found[1], id: hex(raw.subarray(0, 4)), bytes: raw.subarray(4) };
  });
  return { text: all.slice(0, gap + 1), signatures };
}

/** A checkpoint's text: name, size, root. */
export function checkpoint(body) {
  const lines = body.slice(0, -1).split("\n");
  need(lines.length >= 3 && lines.every((line) => line), "a checkpoint needs a name, a size and a root");
  return { origin: lines[0], size: number(lines[1]), root: hashOf(lines[2]) };
}

export const checkpointText = (name, size, root) => utf8(`${name}\n${size}\n${base64(root)}\n`);

/** A tlog-proof, taken apart. */
export function tlogProof(bytes) {
  const all = text(bytes, "a tlog-proof");
  const gap = all.indexOf("\n\n");
  const [version, index, ...path] = all.slice(0, Math.max(gap, 0)).split("\n");
  need(version === "c2sp.org/tlog-proof@v1" && index?.startsWith("index "), "not a tlog-proof");
  need(path.length <= HASHES_MAX, "the path is too long");
  const signed = note(utf8(all.slice(gap + 2)));
  const head = checkpoint(signed.text);
  return { index: number(index.slice(6)), path: path.map(hashOf), ...signed, ...head };
}

/** Checks that a log's key has signed a proof's checkpoint. */
export async function signedByLog(proof, log, key) {
  need(proof.origin === log, `a checkpoint is of ${proof.origin}, not of ${log}`);
  const id = hex(await keyId(log, 1, key));
  const own = proof.signatures.filter((line) => line.name === log);
  need(own.length, `${log} has not signed its checkpoint`);
  for (const line of own) {
    need(line.id === id && (await ed25519Holds(key, line.bytes, utf8(proof.text))), `a signature of ${log} under its checkpoint does not hold`);
  }
}

/** When a witness has seen a proof's checkpoint, in Unix seconds. */
export async function cosigned(proof, line, key) {
  need(key && line.bytes.length === 72, `nothing explains the signature of ${line.name}`);
  const time = new DataView(line.bytes.buffer, line.bytes.byteOffset, 8).getBigUint64(0);
  need(time <= BigInt(Number.MAX_SAFE_INTEGER), "a cosignature's time is none");
  const message = concat(utf8(`cosignature/v1\ntime ${time}\n`), utf8(proof.text));
  need(await ed25519Holds(key, line.bytes.subarray(8), message), `the cosignature of ${line.name} does not hold`);
  return Number(time);
}
