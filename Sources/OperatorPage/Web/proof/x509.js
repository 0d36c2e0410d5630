// Certificates and their paths (RFC 5280), as far as signing needs it: names, authorities, key usage, validity,
// name constraints. What is critical and not understood is refused.

import { equal, hex, isOrigin, need, Refused, sha256, text, unbase64 } from "./bytes.js";
import { bits, integer, oid, read, time } from "./der.js";
import { issued, kind } from "./keys.js";

const BYTES_MAX = 16384;
const DEPTH_MAX = 7;
const BASIC = "551d13", USAGE = "551d0f", NAMES = "551d11", OWN_KEY = "551d0e", ISSUER_KEY = "551d23", LIMITS = "551d1e";
/** Extended key usage and policies decide nothing about signing. */
const UNDERSTOOD = [BASIC, USAGE, NAMES, OWN_KEY, ISSUER_KEY, LIMITS, "551d25", "551d20"];
const ATTRIBUTES = { "550403": "CN", "550406": "C", "550407": "L", "550408": "ST", "55040a": "O", "55040b": "OU",
  "2a864886f70d010901": "emailAddress" };

/** A certificate, taken apart; nothing in it is believed. */
export async function certificate(der) {
  need(der instanceof Uint8Array && der.length <= BYTES_MAX, "a certificate is too large");
  const [body, algorithm, signature, ...more] = read(der, 0x30).parts();
  need(body && algorithm && signature && !more.length, "a certificate is of another form");
  const parts = body.parts();
  need(parts[0].tag === 0xa0 && equal(parts[0].content, Uint8Array.of(2, 1, 2)), "a certificate is not of version 3");
  const [, serial, inner, issuer, validity, subject, spki, ...rest] = parts;
  need(spki && serial.tag === 2 && equal(inner.whole, algorithm.whole), "a certificate names two algorithms");
  const [start, end] = validity.parts().map(time);
  const made = {
    der, body: body.whole, algorithm: oid(algorithm.parts()[0]), signature: bits(signature), issuer: issuer.whole,
    subject: subject.whole, spki: spki.whole, start, end, name: distinguished(subject), dns: [], mail: [], links: [],
    fingerprint: hex(await sha256(der)), extensions: new Set(),
  };
  for (const item of rest) {
    need([0x81, 0x82, 0xa3].includes(item.tag), "a certificate is of another form");
    if (item.tag === 0xa3) for (const extension of item.parts()[0].parts()) take(made, extension.parts());
  }
  return made;
}

function take(made, parts) {
  const name = oid(parts[0]);
  const critical = parts.length === 3;
  if (critical) need(equal(parts[1].whole, Uint8Array.of(1, 1, 255)), "an extension is of another form");
  need(!made.extensions.has(name), "a certificate has an extension twice");
  made.extensions.add(name);
  need(!critical || UNDERSTOOD.includes(name), "a certificate has a critical extension that is not known here");
  const holder = parts[parts.length - 1];
  need(holder.tag === 4, "an extension is of another form");
  const value = holder.content;
  switch (name) {
    case BASIC: {
      const [first, second] = read(value, 0x30).parts();
      made.isAuthority = first?.tag === 1 && first.content[0] === 255;
      const length = first?.tag === 2 ? first : second;
      if (length) made.below = integer(length).reduce((sum, byte) => sum * 256 + byte, 0);
      break;
    }
    case USAGE: {
      const usage = read(value, 3).content;
      need(usage.length >= 2, "an extension is of another form");
      made.signs = (usage[1] & 0xc0) !== 0;
      made.issues = (usage[1] & 0x04) !== 0;
      break;
    }
    case NAMES:
      for (const item of read(value, 0x30).parts()) {
        const list = { 0x81: made.mail, 0x82: made.dns, 0x86: made.links }[item.tag];
        if (list && item.content.length && item.content.every((b) => b > 0x20 && b < 0x7f)) list.push(text(item.content));
      }
      break;
    case OWN_KEY:
      made.key = hex(read(value, 4).content);
      break;
    case ISSUER_KEY:
      made.issuerKey = read(value, 0x30).parts().filter((p) => p.tag === 0x80).map((p) => hex(p.content))[0];
      break;
    case LIMITS:
      made.limits = read(value, 0x30).parts().map((list) =>
        ({ permits: list.tag === 0xa0, trees: list.parts().map((tree) => tree.parts()[0]) }));
  }
}

/** A distinguished name as RFC 2253 writes it. */
function distinguished(name) {
  return name.parts().map((set) => set.parts().map((pair) => {
    const [type, value] = pair.parts();
    const escaped = text(value.content).replace(/[\\,+"<>;]|^[ #]| $/g, "\\$&");
    return `${ATTRIBUTES[oid(type)] ?? "OID"}=${escaped}`;
  }).join("+")).reverse().join(",");
}

const domain = (mail) => (mail.includes("@") ? mail.slice(mail.lastIndexOf("@") + 1).toLowerCase() : null);

function host(link) {
  const found = /^[^:\\]*:\/\/([^/?#\\]*)[^\\]*$/.exec(link);
  const authority = found && /^(.*@)?([^:]*)(:[0-9]*)?$/.exec(found[1]);
  return authority ? authority[2].toLowerCase() : null;
}

/** Whether a certificate names an organisation: a node, a person or a tool of it. */
export function speaksFor(one, origin) {
  return isOrigin(origin) && (one.dns.some((name) => name.toLowerCase() === origin)
    || one.mail.some((mail) => domain(mail) === origin) || one.links.some((link) => host(link) === origin));
}

/** Who signs with it: a person by mail address, a tool by a URI, else a node. */
export const signedBy = (one) => (one.dns.length ? "node" : one.mail.length ? "person" : one.links.length ? "tool" : "node");

export const validAt = (one, seconds) => one.start <= seconds && seconds <= one.end;

const within = (name, tree) => name === tree || name.endsWith(tree.startsWith(".") ? tree : `.${tree}`);

/** Whether the names of a certificate are within what an authority above it may name. */
function permitted(authority, one) {
  for (const { permits, trees } of authority.limits ?? []) {
    need(trees.every((t) => [0x81, 0x82, 0x86].includes(t.tag)), "an authority is limited in a way that is not known here");
    const names = { 0x81: one.mail.map(domain), 0x82: one.dns.map((n) => n.toLowerCase()), 0x86: one.links.map(host) };
    for (const tag of [0x81, 0x82, 0x86]) {
      const own = trees.filter((t) => t.tag === tag).map((t) => text(t.content).toLowerCase());
      if (!own.length) continue;
      const fits = (name) => own.some((tree) =>
        tree === "" || (tag === 0x82 ? within(name, tree) : tree.startsWith(".") ? name.endsWith(tree) : name === tree || `@${name}` === tree));
      if (names[tag].some((name) => fits(name ?? "") !== permits)) return false;
    }
  }
  return true;
}

async function mayIssue(issuer, one, below) {
  return equal(issuer.subject, one.issuer) && issuer.isAuthority && issuer.issues && issuer.key !== undefined
    && (one.issuerKey === undefined || one.issuerKey === issuer.key)
    && (issuer.below === undefined || issuer.below >= below)
    && issued(issuer.spki, one.algorithm, one.signature, one.body);
}

/** Whether a certificate leads to one of the roots, over others that are given. */
async function leads(path, others, roots, seconds) {
  const last = path[path.length - 1];
  const inTime = (one) => one.start <= seconds && seconds < one.end;
  for (const issuer of [...roots, ...others]) {
    if (path.includes(issuer) || !inTime(issuer) || !path.every((one) => permitted(issuer, one))) continue;
    if (!(await mayIssue(issuer, last, path.length - 1))) continue;
    if (roots.includes(issuer)) return true;
    if (path.length < DEPTH_MAX && (await leads([...path, issuer], others, roots, seconds))) return true;
  }
  return false;
}

/** The first certificate of a chain, if it speaks for an organisation and leads to a root that is trusted for it. */
export async function signer(chain, roots, origin, seconds) {
  need(Array.isArray(chain) && chain.length >= 1 && chain.length <= 8, "a signer has no certificate, or too many");
  const [leaf, ...others] = await Promise.all(chain.map(certificate));
  need(speaksFor(leaf, origin), `a certificate does not speak for ${origin}`);
  need(leaf.signs !== false && leaf.issuerKey !== undefined, "a certificate is not for signatures");
  need(roots.length, `no root is trusted for ${origin}`);
  need(leaf.start <= seconds && seconds < leaf.end, `the certificate ${leaf.name} was not valid when it signed`);
  const trusted = new Set(roots.map((root) => root.fingerprint));
  const between = others.filter((one) => !trusted.has(one.fingerprint));
  need(await leads([leaf], between, roots, seconds), `the certificate ${leaf.name} leads to no root that is trusted for ${origin}`);
  kind(leaf.spki);
  return leaf;
}

/** The certificates in a text of PEM, or one DER. */
export async function certificates(given) {
  if (given instanceof Uint8Array && given[0] === 0x30) return [await certificate(given)];
  const pem = typeof given === "string" ? given : text(given);
  need(pem.length < 1 << 21, "too many certificates");
  const blocks = [...pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/g)];
  if (!blocks.length) throw new Refused("no certificate in what is given");
  return Promise.all(blocks.map((block) => certificate(unbase64(block[1].replace(/\s/g, "")))));
}
