// A person's own signature: the changeset is built, put into words and signed here, by a key that never leaves the browser.
//
// What is shown are the words of the bytes that are signed, decoded anew: never of what they were made from.

import { annotationId, compareTexts, concat, equal, hex, isText, need, Refused, sha256, unbase64, unhex, utf8, whole } from "./bytes.js";
import { encode, Encoded, Float } from "./cbor.js";
import { ATTRIBUTE_BASE, changeset, FIELDS, PAYLOAD_BYTES_MAX, VERDICTS } from "./changeset.js";
import { message, protectedHeader, signed } from "./cose.js";
import { say as saySelector, selector } from "./selector.js";
import { words } from "./words.js";
import { certificates } from "./x509.js";

const ED25519 = -8;

// MARK: The payload, byte for byte what the program's ChangesetBuilder makes of the same operations.

class Builder {
  constructor(author) {
    this.strings = new Map();
    this.operations = [];
    this.author = author;
    this.intern(author);
  }

  intern(string) {
    need(isText(string, 1024) && string !== "", "a name has 1 to 1024 bytes");
    need(![...utf8(string)].some((byte) => byte < 0x20 || byte === 0x7f), "a name holds control characters");
    if (!this.strings.has(string)) this.strings.set(string, this.strings.size);
    return this.strings.get(string);
  }

  target(label) {
    const id = annotationId(label.includes("/") ? label.replace(/\/.*:/, ":") : label);
    return [this.intern(id.origin), id.entry * 4096 + id.position];
  }

  /** Fields with their values, ascending by number; a name is that of a field, or of an attribute. */
  writes(pairs) {
    return this.coded(pairs.map(([name, value]) => {
      if (Object.hasOwn(FIELDS, name)) return [FIELDS[name], name, value];
      return [ATTRIBUTE_BASE + this.intern(name.startsWith("attr.") ? name.slice(5) : name), "", value];
    }));
  }

  coded(coded) {
    coded.sort((a, b) => a[0] - b[0]);
    need(new Set(coded.map(([number]) => number)).size === coded.length, "a field is written twice");
    return coded.flatMap(([number, name, value]) => [number, this.value(name, value)]);
  }

  value(name, value) {
    switch (name) {
      case "class":
        return this.intern(value);
      case "selector":
        return selector(value);
      case "status": {
        const status = { active: 0, retracted: 1 }[value] ?? value;
        need(status === 0 || status === 1, "a status is active or retracted");
        return status;
      }
      case "confidence": {
        const share = value instanceof Float ? value.value : value;
        need(share === null || (typeof share === "number" && share >= 0 && share <= 1), "a confidence lies in 0...1");
        return share === null ? null : new Float(share);
      }
      default:
        return plain(value);
    }
  }

  /** A new label's fields: attributes in the order of their names, whatever these are. */
  attributes(object = {}, confidence) {
    const coded = Object.keys(object).sort(compareTexts).map((name) => [ATTRIBUTE_BASE + this.intern(name), "", object[name]]);
    return this.coded(confidence === undefined ? coded : [...coded, [FIELDS.confidence, "confidence", confidence]]);
  }

  add(operation) {
    this.operations.push(new Encoded(encode(this.encoded(operation))));
  }

  encoded(given) {
    switch (given.op) {
      case "annotate": {
        const head = [1, this.intern(given.item), this.intern(given.class), selector(given.selector ?? { kind: "wholeItem" })];
        return [...head, ...this.attributes(given.fields, given.confidence)];
      }
      case "set":
        need(Object.keys(given.fields).length, "a set of no field");
        return [2, ...this.target(given.label), ...this.writes(Object.entries(given.fields))];
      case "resolve":
        return given.label === undefined ? [3, this.intern(given.item), ...this.writes([[given.field, given.value]])]
          : [2, ...this.target(given.label), ...this.writes([[given.field, given.value]])];
      case "retract":
      case "restore":
        return [2, ...this.target(given.label), ...this.writes([["status", given.op === "retract" ? 1 : 0]])];
      case "review": {
        const verdict = VERDICTS.indexOf(given.verdict);
        need(verdict >= 0, "a verdict is accept, reject or needs-work");
        return [4, ...this.target(given.label), verdict, ...(given.reason === undefined || given.reason === null ? [] : [words16(given.reason)])];
      }
      case "comment":
        return given.item === undefined ? [5, ...this.target(given.label), words16(given.text)] : [6, this.intern(given.item), words16(given.text)];
      case "examined":
        return [3, this.intern(given.item), ...this.writes([["examined", given.withdrawn ? null : true]])];
      case "stage": {
        const state = Object.fromEntries(["state", "why", "from", "how", "to"].filter((key) => given[key] !== undefined).map((key) => [key, given[key]]));
        const field = [[`stage.${given.stage}`, given.state === null ? null : state]];
        return given.label === undefined ? [3, this.intern(given.item), ...this.writes(field)] : [2, ...this.target(given.label), ...this.writes(field)];
      }
      default:
        throw new Refused(`there is no operation ${given.op}`);
    }
  }

  payload(heads, text) {
    const cited = heads.map((head) => [this.intern(head.org), head.merged, head.size, unhex(head.root), unbase64(head.signature)]);
    const meta = new Map([[0, this.strings.get(this.author)]]);
    if (text !== undefined && text !== null) meta.set(1, words16(text));
    need(this.operations.length >= 1 && this.operations.length <= 4096, "a changeset holds 1 to 4096 operations");
    const bytes = encode([2, [...this.strings.keys()], cited, meta, this.operations]);
    need(bytes.length <= PAYLOAD_BYTES_MAX, "this is too much for one signature: sign fewer operations at once");
    return bytes;
  }
}

function words16(text) {
  need(isText(text), "a text is too long");
  return text;
}

/** A plain value of JSON: whole numbers are integers, others floats; bytes and maps that look like them as documents have them. */
function plain(value) {
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : new Float(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value && typeof value === "object" && !(value instanceof Uint8Array) && !(value instanceof Float)) {
    const pairs = Object.entries(value);
    if (pairs.length === 1 && typeof value.$bytes === "string") return unhex(value.$bytes);
    return new Map((pairs.length === 1 && value.$map ? Object.entries(value.$map) : pairs).map(([key, item]) => [key, plain(item)]));
  }
  return value;
}

/** A document's value as it was written: 1.0 is no 1, which JSON's own reader forgets. */
const exact = (text) => JSON.parse(text, (_, value, source) => (typeof value === "number" && /[.eE]/.test(source?.source ?? "") ? new Float(value) : value));

/** The payload of operations on what the node has offered. */
export function payload(offer, operations, text) {
  const builder = new Builder(offer.author);
  if (offer.introduction) {
    const { chain, logKey } = offer.introduction;
    builder.operations.push([24, chain.map(unbase64), logKey ? unbase64(logKey) : null]);
  }
  for (const operation of operations) builder.add(operation);
  return builder.payload([...offer.heads].sort((a, b) => compareTexts(a.org, b.org)), text);
}

// MARK: What will be signed

/** All that is signed, with the words of it. */
export function statement(offer, operations, text) {
  need(whole(offer.index, 2 ** 36) && whole(offer.time, 2 ** 40), "the node's offer is malformed");
  const place = new Uint8Array(8);
  new DataView(place.buffer).setBigUint64(0, BigInt(offer.index));
  const body = payload(offer, operations, text);
  const header = protectedHeader({
    algorithm: ED25519, issuer: offer.org, subject: offer.dataset, time: offer.time, place: concat(place, unhex(offer.root)),
    thumbprint: unhex(offer.certificate),
  });
  return { header, payload: body, structure: signed(header, body), words: describe(offer, body) };
}

/** What some bytes of a payload say, in words: `{key, values, text}`, the text in English. */
export function describe(offer, body) {
  const read = changeset(body);
  const lines = [line("sign.as", { author: read.author, org: offer.org, dataset: offer.dataset, index: offer.index },
    `as ${read.author} of ${offer.org}, into ${offer.dataset}, behind ${offer.index} entries`)];
  for (const operation of read.operations) lines.push(...sayOperation(operation));
  for (const head of read.heads) {
    lines.push(line("sign.cites", { org: head.origin, count: head.merged }, `knowing ${head.merged} entries of ${head.origin}`));
  }
  if (read.message) lines.push(line("sign.message", { text: read.message }, `message: ${read.message}`));
  return lines;
}

/** What could pass for other words, or turn them around, as an escape. */
const inert = (text) => String(text).replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
  (one) => `\\u{${one.codePointAt(0).toString(16)}}`);

const line = (key, values, text) => ({ key, text: inert(text),
  values: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, inert(value)])) });
const idOf = ({ origin, entry, position }) => `${origin}:${entry}.${position}`;

function sayValue(name, value) {
  if (name === "selector") return saySelector(value);
  if (name === "status") return value === 1 ? "retracted" : "active";
  if (value instanceof Float) return String(value.value);
  if (value instanceof Map) return `{${[...value].map(([key, item]) => `${key}: ${sayValue("", item)}`).join(", ")}}`;
  if (Array.isArray(value)) return `[${value.map((item) => sayValue("", item)).join(", ")}]`;
  return value instanceof Uint8Array ? hex(value) : String(value);
}

const sayFields = (fields) => [...fields].map(([name, value]) => `${name} = ${sayValue(name, value)}`).join(", ");

function sayOperation(operation) {
  const { item, fields } = operation;
  const label = operation.target && idOf(operation.target);
  if (operation.act === 24) return [line("sign.introduces", {}, "introduces your certificate to the log")];
  switch (operation.kind) {
    case "addAnnotation": {
      const where = saySelector(operation.selector);
      const more = sayFields(fields);
      return [line("sign.annotate", { item, class: operation.class, where, fields: more }, `labels ${item} as ${operation.class}: ${where}${more && `; ${more}`}`)];
    }
    case "set":
      return [line("sign.set", { label, fields: sayFields(fields) }, `changes ${label}: ${sayFields(fields)}`)];
    case "setItem":
      return [line("sign.item", { item, fields: sayFields(fields) }, `says of ${item}: ${sayFields(fields)}`)];
    case "review": {
      const { verdict, reason } = operation;
      return [line("sign.review", { label, verdict, reason: reason ?? "" }, `verdict on ${label}: ${verdict}${reason ? `, ${reason}` : ""}`)];
    }
    case "comment":
      return [line("sign.comment", { label, text: operation.text }, `comments ${label}: ${operation.text}`)];
    case "commentItem":
      return [line("sign.comment", { label: item, text: operation.text }, `comments ${item}: ${operation.text}`)];
    default:
      throw new Refused("a payload holds what no page makes");
  }
}

/** The entry: the COSE_Sign1 of a statement. */
export async function sign(made, privateKey) {
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, made.structure));
  return message(made.header, made.payload, signature);
}

// MARK: The key, which cannot leave the browser

const idb = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

async function store(mode, body) {
  const open = indexedDB.open("countermark", 1);
  open.onupgradeneeded = () => open.result.createObjectStore("keys");
  const database = await idb(open);
  try {
    const transaction = database.transaction("keys", mode);
    const result = await idb(body(transaction.objectStore("keys")));
    if (mode === "readwrite") {
      await new Promise((resolve, reject) => {
        transaction.oncomplete = resolve;
        transaction.onabort = () => reject(transaction.error);
      });
    }
    return result;
  } finally {
    database.close();
  }
}

const slot = (org, person) => `${org}/${person}`;

/** Makes a key for a person, in the place of one that is there, and asks the browser to keep it. */
export async function makeKey(org, person) {
  const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  need(pair.privateKey.extractable === false, "this browser would hand the private key out");
  await store("readwrite", (keys) => keys.put({ pair, time: Date.now() }, slot(org, person)));
  await navigator.storage?.persist?.().catch(() => false);
  return publicKey(pair);
}

/** A person's key in this browser; null if there is none. */
export async function loadKey(org, person) {
  return (await store("readonly", (keys) => keys.get(slot(org, person))))?.pair ?? null;
}

export const forgetKey = (org, person) => store("readwrite", (keys) => keys.delete(slot(org, person)));

/** The 32 bytes of a pair's public key. */
export async function publicKey(pair) {
  return new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
}

// MARK: With the node

async function call(path, { csrf, type = "application/json", body, read = JSON.parse } = {}) {
  const answer = await fetch(`/api/v1${path}`, body === undefined ? {} : { method: "POST", body, headers: { "Content-Type": type, "X-CSRF-Token": csrf } });
  const found = await answer.text().then(read).catch(() => ({}));
  if (answer.ok) return found;
  throw Object.assign(new Refused(found.detail ?? `the node answers ${answer.status}`), { status: answer.status, problem: found });
}

/** Makes a key and asks for a certificate: the words that the person reads out to the operator. */
export async function enrol({ org, person, csrf }) {
  const key = await makeKey(org, person);
  const told = await call("/people/key", { csrf, body: JSON.stringify({ publicKey: hex(key) }) });
  const own = await words(key, person, org);
  need(told.words === own, "the node shows other words than this browser computes of its key: go on with nothing");
  return own;
}

/** Where the enrolment of this browser is: `none`, `waiting` (with words), `ready` (with the certificate), or `ended`. */
export async function enrolment({ org, person }) {
  const pair = await loadKey(org, person);
  if (!pair) return { state: "none" };
  const key = await publicKey(pair);
  const { keys } = await call("/people/key");
  for (const one of keys) {
    const [certificate] = await certificates(one.certificate);
    if (!equal(certificate.spki.subarray(-32), key)) continue;
    return { state: one.revoked || certificate.end * 1000 < Date.now() ? "ended" : "ready", certificate: certificate.fingerprint, until: certificate.end };
  }
  return { state: "waiting", words: await words(key, person, org) };
}

const below = (dataset) => `/datasets/${dataset.split("/").map(encodeURIComponent).join("/")}`;

/** What an organisation says in a contested field of a label or an item, as the value that settles it. */
export async function candidate(dataset, { label, item, field, take }) {
  const about = label === undefined ? `/item?key=${encodeURIComponent(item)}` : `/labels/${encodeURIComponent(label)}`;
  const story = await call(below(dataset) + about, { read: field === "selector" ? JSON.parse : exact });
  const write = story.fields[field]?.writes.findLast((each) => each.org === take && each.counted && !each.replaced);
  need(write, `${take} proposes nothing for ${field}`);
  return write.value;
}

/**
 * Writes operations as the person: asks the node what to build on, shows what will be signed, signs and sends it.
 *
 * @param confirm gets the words and says whether to sign; where the log has gone on meanwhile, the same words are signed
 *   again without asking, and other words are shown again
 * @returns the node's WrittenDocument, or null where the person did not want to
 */
export async function write({ org, person, csrf, dataset, text }, operations, confirm) {
  const pair = await loadKey(org, person);
  const { state, certificate } = await enrolment({ org, person });
  need(pair && state === "ready", "this browser has no certificate to sign with");
  const path = below(dataset);
  let agreed;
  for (let attempt = 0; ; attempt++) {
    const offer = await call(`${path}/signing?certificate=${certificate}`);
    need(offer.org === org && offer.dataset === dataset && offer.certificate === certificate, "the node offers something else than was asked for");
    if (offer.introduction) {
      need(hex(await sha256(unbase64(offer.introduction.chain[0]))) === certificate, "the node offers another certificate to introduce");
    }
    const made = statement(offer, operations, text);
    // The place in the log and what is known of others moves; what is said does not.
    const said = JSON.stringify(made.words.filter(({ key }) => !["sign.as", "sign.cites", "sign.introduces"].includes(key)));
    if (said !== agreed && !(await confirm(made.words))) return null;
    agreed = said;
    try {
      return await call(`${path}/entries`, { csrf, type: "application/cose", body: await sign(made, pair.privateKey) });
    } catch (error) {
      if (error.problem?.code !== "sign-anew" || attempt >= 4) throw error;
    }
  }
}

