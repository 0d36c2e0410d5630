// COSE_Sign1 as the logs hold it (Protocol.md, section 3).

import { hex, isBytes, need, sha256 } from "./bytes.js";
import { decode, encode, Tag } from "./cbor.js";
import { coseHolds } from "./keys.js";

export const ENTRY_BYTES_MAX = 65535;
const UNDERSTOOD = [1, 3, 4, 15, 16, 33, 34];
export const contentType = (kind) => `application/vnd.countermark.${kind}+cbor`;

const isLabel = (key) => typeof key === "number" || typeof key === "bigint" || typeof key === "string";

/** A signed message, taken apart; nothing in it is believed before `verify`. */
export async function envelope(bytes, kind) {
  need(isBytes(bytes) && bytes.length <= ENTRY_BYTES_MAX, "a signed message is too large");
  const outer = decode(bytes);
  need(outer instanceof Tag && outer.tag === 18 && Array.isArray(outer.value) && outer.value.length === 4, "not a COSE_Sign1");
  const [protectedBytes, unprotected, payload, signature] = outer.value;
  need(isBytes(protectedBytes) && isBytes(payload) && isBytes(signature), "not a COSE_Sign1");
  need(unprotected instanceof Map && unprotected.size === 0, "the unprotected header is not empty");
  const header = decode(protectedBytes);
  need(header instanceof Map && [...header.keys()].every(isLabel), "a protected header is malformed");
  need(header.get(3) === contentType(kind) && ![258, 259, 260].some((l) => header.has(l)), "the content is of another type");
  if (header.has(2)) {
    const critical = header.get(2);
    need(Array.isArray(critical) && critical.length && critical.every((l) => UNDERSTOOD.includes(l) && header.has(l)), "a critical header is not known here");
  }
  need(!header.has(4) || isBytes(header.get(4)), "a kid is malformed");
  const claims = header.get(15);
  need(claims instanceof Map && [...claims.keys()].every(isLabel), "the claims are missing");
  const [issuer, subject, time, place] = [1, 2, 6, 7].map((claim) => claims.get(claim));
  need(typeof issuer === "string" && typeof subject === "string", "the claims name no organisation or dataset");
  need(time === undefined || Number.isSafeInteger(time), "the claims give no time");
  need(place === undefined || isBytes(place, 40), "the claims give no place");
  const chain = header.has(33) ? [header.get(33)].flat() : [];
  need(!Array.isArray(header.get(33)) || chain.length >= 2, "x5chain is malformed");
  need(chain.length <= 8 && chain.every((der) => isBytes(der) && der.length >= 1 && der.length <= 16384), "x5chain is malformed");
  const x5t = header.get(34);
  need(x5t === undefined || (Array.isArray(x5t) && x5t.length === 2 && x5t[0] === -16 && isBytes(x5t[1], 32)), "x5t is malformed");
  need(x5t || chain.length, "nobody is named as the signer");
  const first = chain.length ? hex(await sha256(chain[0])) : undefined;
  const thumbprint = x5t ? hex(x5t[1]) : first;
  need(first === undefined || first === thumbprint, "x5t is of another certificate than x5chain");
  return {
    issuer, subject, time: time ?? 0, thumbprint, chain, payload,
    index: place && Number(new DataView(place.buffer, place.byteOffset, 8).getBigUint64(0)),
    async verify(spki) {
      return coseHolds(spki, header.get(1), signature, signed(protectedBytes, payload));
    },
  };
}

/** What a signature covers: the Sig_structure of RFC 9052, section 4.4. */
export const signed = (protectedBytes, payload) => encode(["Signature1", protectedBytes, new Uint8Array(), payload]);

/** A protected header as the program writes it. */
export function protectedHeader({ algorithm, issuer, subject, time, place, thumbprint }) {
  const claims = new Map([[1, issuer], [2, subject], [6, time], [7, place]]);
  return encode(new Map([[1, algorithm], [3, contentType("changeset")], [15, claims], [34, [-16, thumbprint]]]));
}

export const message = (protectedBytes, payload, signature) => encode(new Tag(18, [protectedBytes, new Map(), payload, signature]));
