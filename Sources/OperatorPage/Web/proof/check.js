// Checks the proof of one label (Proof.md) from its bytes, with nothing but what the browser itself has. It is long because a proof has ten steps.

import { annotationId, compare, compareTexts, equal, hex, isBytes, isOrigin, isText, need, Refused, sha256, utf8, whole } from "./bytes.js";
import { decode, encode, Float } from "./cbor.js";
import { changeset, KINDS } from "./changeset.js";
import { envelope } from "./cose.js";
import { cosigned, emptyRoot, included, keyId, leafHash, signedByLog, tlogProof } from "./notes.js";
import { ADD_KEY, Standing } from "./standing.js";
import { certificate, certificates, signedBy, signer } from "./x509.js";

const FILE_BYTES_MAX = 64 << 20;
const CLOCK_SECONDS = 3600;
const REPLACED = 0, STANDING = 1, SUGGESTED = 2, DECIDED = 3;
const STEPS = ["file", "entries", "certificates", "signatures", "checkpoints", "inclusion", "standing", "witnesses", "statements", "release"];

const opName = (op) => `${op.origin}:${op.entry}.${op.position}`;
const sameOp = (one, other) => one.origin === other.origin && one.entry === other.entry && one.position === other.position;
const compareOps = (a, b) => compareTexts(a.origin, b.origin) || a.entry - b.entry || a.position - b.position;
const place = (origin, size) => `${origin} ${size}`;

/**
 * Checks a .proof file.
 *
 * @param {Uint8Array} bytes the file
 * @param trust the steward's root certificates that the reader trusts: PEM, or a list of PEM texts or DER bytes
 * @param {number} now Unix seconds
 * @returns {Promise<{ok: boolean, steps: {name, ok, detail}[], label: object|null}>} the steps that were come to: after one
 *   that does not hold there is none
 */
export async function check(bytes, trust, now = Math.floor(Date.now() / 1000)) {
  const steps = STEPS.map((name) => ({ name, ok: null, detail: "" }));
  const run = new Check(bytes, now);
  let label = null;
  for (const step of steps) {
    try {
      const detail = await run[step.name](trust);
      if (detail === null) continue;
      Object.assign(step, { ok: true, detail });
    } catch (error) {
      Object.assign(step, { ok: false, detail: error instanceof Refused ? error.message : `it cannot be read: ${error}` });
      break;
    }
  }
  const done = steps.filter((step) => step.ok !== null);
  const ok = done.every((step) => step.ok);
  if (ok) label = run.report();
  return { ok, steps: done, label };
}

class Check {
  constructor(bytes, now) {
    Object.assign(this, { bytes, now, logs: new Map(), roots: new Map(), logKeys: new Map(), signed: new Map() });
  }

  file() {
    const { bytes } = this;
    need(bytes instanceof Uint8Array && bytes.length <= FILE_BYTES_MAX, "the file is too large");
    const value = decode(bytes);
    need(Array.isArray(value) && value.length === { 2: 5, 3: 6 }[value[0]], "not the proof of a label");
    const [, dataset, annotation, pieces, statements, release] = value;
    need(typeof dataset === "string" && typeof annotation === "string", "not the proof of a label");
    const found = /^([^/]*)\/((?!\.)[a-z0-9._-]{1,64})$/.exec(dataset);
    need(found && isOrigin(found[1]), "it names no dataset");
    Object.assign(this, { dataset, annotation, steward: found[1], target: annotationId(annotation), part: release });
    need(Array.isArray(pieces) && pieces.length >= 1 && pieces.length <= 32768, "no entries, or too many");
    need(Array.isArray(statements) && statements.length <= 512 && statements.every((s) => isBytes(s)), "too many statements");
    for (const piece of pieces) {
      need(Array.isArray(piece) && piece.length === 3 && isOrigin(piece[0]) && isBytes(piece[1]) && isBytes(piece[2]), "a piece is none");
    }
    Object.assign(this, { pieces, messages: statements });
    return `${annotation} in ${dataset}: ${pieces.length} entries, ${statements.length} statements`;
  }

  async entries() {
    let last;
    for (const [origin, entry, file] of this.pieces) {
      need(origin === last || !this.logs.has(origin), "entries of one log stand apart");
      last = origin;
      const proof = tlogProof(file);
      if (!this.logs.has(origin)) this.logs.set(origin, []);
      const log = this.logs.get(origin);
      const before = log.at(-1);
      if (before && before.index === proof.index) {
        need(equal(before.entry, entry), `${origin} has two entries at ${proof.index}`);
        need(before.proofs.at(-1).size < proof.size, "an entry stands twice under a checkpoint");
        before.proofs.push(proof);
        continue;
      }
      need(before ? before.index < proof.index : proof.index === 0, `the log of ${origin} does not begin with its first entry, in order`);
      log.push(await this.piece(origin, entry, proof));
    }
    need(this.logs.has(this.steward), "the steward's log is not in it");
    const own = (this.logs.get(this.target.origin) ?? []).find((piece) => piece.index === this.target.entry);
    return `each is a well-formed changeset; the label's own entry has the hash ${own ? hex(own.leaf) : "(not there)"}`;
  }

  async piece(origin, entry, proof) {
    const message = await envelope(entry, "changeset");
    need(message.issuer === origin && message.subject === this.dataset, `an entry of ${origin} speaks of another organisation or dataset`);
    need(message.index === undefined || message.index === proof.index, `an entry of ${origin} was signed for another place in its log`);
    const content = changeset(message.payload);
    need(content.heads.every((head) => head.origin !== origin), "an entry cites its own log");
    const introduces = [];
    for (const [chain, logKey] of content.acts(ADD_KEY)) introduces.push({ chain, logKey, fingerprint: hex(await sha256(chain[0])) });
    return { origin, entry, index: proof.index, leaf: await leafHash(entry), proofs: [proof], message, changeset: content,
      introduces, time: message.time, thumbprint: message.thumbprint };
  }

  async certificates(trust) {
    need(trust !== undefined && trust !== null && trust.length !== 0, "no root certificate of the steward is given: nothing says whose the signatures are");
    const given = Array.isArray(trust) ? trust : [trust];
    this.roots.set(this.steward, (await Promise.all(given.map(certificates))).flat());
    await this.introduce(this.steward);
    const first = await Standing.of(this.steward, this.dataset, new Map([[this.steward, this.logs.get(this.steward)]]));
    for (const [member, { roots }] of first.members) {
      const read = await Promise.all(roots.map((root) => certificate(root).catch(() => null)));
      this.roots.set(member, read.filter((root) => root));
    }
    for (const origin of this.logs.keys()) if (origin !== this.steward) await this.introduce(origin);
    const names = new Set([...this.logs.values()].flat().map((piece) => piece.certificate.name));
    return `${names.size} signers, each led to a root that is trusted for its organisation`;
  }

  async introduce(origin) {
    const known = new Map();
    let count = 0;
    for (const piece of this.logs.get(origin)) {
      for (const { chain, logKey, fingerprint } of piece.introduces) {
        need(++count <= 1024, `${origin} introduces too many keys`);
        known.set(fingerprint, known.get(fingerprint) ?? (await signer(chain, this.roots.get(origin) ?? [], origin, piece.time)));
        if (logKey && !this.logKeys.has(origin)) this.logKeys.set(origin, logKey);
      }
      piece.certificate = known.get(piece.thumbprint);
      need(piece.certificate, `entry ${piece.index} of ${origin} is signed by a key that its log has not introduced`);
      need(this.logKeys.has(origin), `${origin} has introduced no log key`);
    }
  }

  async signatures() {
    let count = 0;
    for (const pieces of this.logs.values()) {
      for (const piece of pieces) {
        need(await piece.message.verify(piece.certificate.spki), `the signature of entry ${piece.index} of ${piece.origin} does not hold`);
        count++;
      }
    }
    return `${count} entries are signed as they stand`;
  }

  async checkpoints() {
    const seen = new Set();
    for (const [origin, pieces] of this.logs) {
      for (const proof of pieces.flatMap((piece) => piece.proofs)) {
        const name = `${proof.text}${JSON.stringify(proof.signatures)}`;
        if (!seen.has(name)) await signedByLog(proof, `${origin}/${this.dataset}`, this.logKeys.get(origin));
        seen.add(name);
        const key = place(origin, proof.size);
        need(equal(this.signed.get(key) ?? proof.root, proof.root), `${origin} signed two roots at ${proof.size} entries: it has forked`);
        this.signed.set(key, proof.root);
      }
    }
    return `${seen.size} checkpoints are signed by their logs' keys`;
  }

  async inclusion() {
    let count = 0;
    for (const piece of [...this.logs.values()].flat()) {
      for (const proof of piece.proofs) {
        await included(piece.index, proof.size, piece.leaf, proof.path, proof.root);
        count++;
      }
    }
    return `${count} paths lead from an entry's hash to a signed root`;
  }

  async standing() {
    this.evaluation = await Evaluation.of(this);
    const { own } = this.evaluation;
    return `entry ${own.index} of ${own.origin} counts; ${this.evaluation.writes.length} writes concern the label`;
  }

  async witnesses() {
    const keys = new Map();
    for (const [origin, list] of this.evaluation.standing.witnessKeys) {
      for (const key of list) keys.set(`${origin} ${hex(await keyId(origin, 4, key))}`, key);
    }
    this.seen = new Map();
    const known = new Map();
    for (const piece of [...this.logs.values()].flat()) {
      for (const proof of piece.proofs) {
        for (const line of proof.signatures.filter((one) => one.name !== `${piece.origin}/${this.dataset}`)) {
          need(line.name !== piece.origin, `nothing explains the signature of ${line.name}`);
          const name = `${line.id} ${hex(line.bytes)} ${proof.text}`;
          if (!known.has(name)) known.set(name, await cosigned(proof, line, keys.get(`${line.name} ${line.id}`)));
          if (piece === this.evaluation.own) this.seen.set(line.name, Math.min(known.get(name), this.seen.get(line.name) ?? Infinity));
        }
      }
    }
    return this.seen.size ? `seen by ${[...this.seen.keys()].sort(compareTexts).join(", ")}` : "no other company has cosigned";
  }

  async statements() {
    this.words = [];
    this.notes = [];
    let last;
    for (const message of this.messages) {
      const word = await this.statement(message);
      need(last === undefined || compareTexts(last, word.org) < 0, "the statements do not ascend by organisation");
      last = word.org;
      if (await this.speaksOfAll(word)) this.words.push(word);
      else this.notes.push(`the word of ${word.org} reaches less than is shown here`);
    }
    return this.words.length ? `complete by the word of ${this.words.map((word) => word.org).join(", ")}`
      : "shown, not complete: nobody says in it that this is all";
  }

  async statement(bytes) {
    const message = await envelope(bytes, "statement");
    const { issuer: org, time, payload } = message;
    need(isOrigin(org) && message.subject === this.dataset, "a statement is about another dataset");
    const value = decode(payload);
    need(Array.isArray(value) && value.length === 5 && value[0] === 1, "a statement is none of completeness");
    const [, annotation, heads, count, digest] = value;
    need(annotation === this.annotation, `the statement of ${org} is about another label`);
    need(Array.isArray(heads) && heads.length <= 512 && whole(count) && isBytes(digest, 32), "a statement is malformed");
    const sizes = new Map();
    let before;
    for (const head of heads) {
      need(Array.isArray(head) && head.length === 3, "a statement's heads are none");
      const [origin, size, root] = head;
      need(isOrigin(origin) && whole(size, 2 ** 36 + 1) && size && isBytes(root, 32), "a statement's heads are none");
      need(before === undefined || compareTexts(before, origin) < 0, "a statement's heads do not ascend");
      before = origin;
      need(equal(this.signed.get(place(origin, size)) ?? root, root), `${org} names another root of ${origin} at ${size} entries`);
      sizes.set(origin, size);
    }
    const { standing } = this.evaluation;
    need(standing.isMember(org), `${org}, whose statement it holds, is no member`);
    need(time <= this.now + CLOCK_SECONDS, `the statement of ${org} was signed in the future`);
    const leaf = await signer(message.chain, this.roots.get(org) ?? [], org, time);
    for (const piece of [org, this.steward].flatMap((origin) => this.logs.get(origin) ?? [])) {
      const ended = piece.changeset.acts(25).some(([key]) => hex(key) === leaf.fingerprint);
      need(!ended || !standing.effective(piece), `the statement of ${org} is signed with a retired key`);
    }
    need(await message.verify(leaf.spki), `the signature of the statement of ${org} does not hold`);
    return { org, time, sizes, count, digest };
  }

  async speaksOfAll({ org, sizes, count, digest }) {
    const fits = async (evaluation) => {
      const found = await evaluation.contents();
      return found.count === count && equal(found.digest, digest);
    };
    const reaches = this.evaluation.rows.every(({ op }) => op.entry < (sizes.get(op.origin) ?? 0));
    if (reaches && (await fits(this.evaluation))) return true;
    const then = await Evaluation.of(this, sizes).catch((error) => {
      throw new Refused(`the statement of ${org} does not reach the label: ${error.message}`);
    });
    need(await fits(then), `${org} says that ${count} rows are all, and the file shows ${then.rows.length}, or others: something was left out, or put in`);
    return false;
  }

  async release() {
    if (this.part === undefined) return null;
    const { part } = this;
    need(Array.isArray(part) && part.length === 7, "the part about a release is none");
    const [name, heads, terms, root, items, labels, leaves] = part;
    need(isText(name, 256) && terms instanceof Map && isBytes(root, 32) && whole(items, 2 ** 40 + 1) && whole(labels, 2 ** 40 + 1), "the part about a release is none");
    const digest = await sha256(utf8("countermark/release/v1\n"), encode([this.dataset, name, heads, terms, root, items, labels]));
    const { standing } = this.evaluation;
    const found = standing.releases.get(name);
    need(found && equal(found.act[1], digest) && equal(encode(found.act[2]), encode(heads)) && equal(encode(found.act[3] ?? new Map()), encode(terms)),
      "no act of the steward in it makes the release that it speaks of");
    const by = [...(standing.countersigned.get(name) ?? [])].filter(([, other]) => equal(other, digest)).map(([org]) => org).sort(compareTexts);
    const [threshold, asked] = found.policy ?? [0, []];
    const quorum = terms.get(7) ?? 0;
    const counted = by.filter((org) => !asked.length || asked.includes(org));
    const said = await this.inRelease(items + labels, root, leaves);
    this.named = { name, digest: hex(digest), withdrawn: found.withdrawal, quorum: Math.max(quorum, threshold), asked, countersigned: by,
      holds: found.withdrawal === null && by.length >= quorum && counted.length >= threshold, in: said !== null, label: said };
    return `${this.annotation} is ${said ? "" : "not "}in release ${name}`;
  }

  async inRelease(size, root, leaves) {
    need(Array.isArray(leaves) && leaves.length <= 2, "too many leaves of a release");
    const places = [];
    for (const leaf of leaves) {
      need(Array.isArray(leaf) && leaf.length === 3 && whole(leaf[0]) && isBytes(leaf[1]) && Array.isArray(leaf[2]) && leaf[2].length <= 40, "a leaf of a release is none");
      await included(leaf[0], size, await leafHash(leaf[1]), leaf[2], root);
      places.push(leafPlace(decode(leaf[1])));
    }
    const own = leafPlace([1, this.target.origin, this.target.entry, this.target.position, 0, 0, 0, 0, 0, 0, 0, 0]);
    const at = leaves.map((leaf) => leaf[0]);
    if (places.length === 1 && comparePlaces(places[0], own) === 0) {
      const said = decode(leaves[0][1]);
      need(isText(said[4]) && isText(said[5]) && typeof said[7] === "boolean" && typeof said[8] === "boolean", "a leaf of a release is no label's");
      return { item: said[4], class: said[5], retracted: said[7], contested: said[8] };
    }
    const below = (one, other) => comparePlaces(one, other) < 0;
    const holds = !places.length ? size === 0 && equal(root, await emptyRoot())
      : places.length === 1 ? (at[0] === 0 && below(own, places[0])) || (at[0] + 1 === size && below(places[0], own))
        : at[0] + 1 === at[1] && below(places[0], own) && below(own, places[1]);
    need(holds, "the part about the release shows neither that the label is in it nor that it is not");
    return null;
  }

  report() {
    const { own, item, added } = this.evaluation;
    const fields = this.evaluation.values();
    const classes = fields.class.map((value) => value.shown).sort(compareTexts);
    const sizes = {};
    for (const [origin, pieces] of this.logs) sizes[origin] = Math.max(...pieces.flatMap((p) => p.proofs.map((proof) => proof.size)));
    return {
      dataset: this.dataset, annotation: this.annotation, org: own.origin, log: `${own.origin}/${this.dataset}`, index: own.index, item,
      class: classes.length === 1 ? classes[0] : null, classes, time: own.time, signer: own.certificate.name, signedBy: signedBy(own.certificate),
      author: own.changeset.author, leaf: hex(own.leaf), selector: shown(added.selector), sizes,
      fields: Object.fromEntries(Object.entries(fields).map(([name, list]) => [name, list.map((value) => value.shown)])),
      writes: this.evaluation.writes.map((write) => ({ op: opName(write.op), org: write.op.origin, field: write.register.replace("\0", ""), value: shown(write.value),
        author: write.piece.changeset.author, signer: write.piece.certificate.name, signedBy: signedBy(write.piece.certificate),
        time: write.piece.time, replaced: this.evaluation.isReplaced(write) })),
      witnesses: [...this.seen].map(([org, time]) => ({ org, time })).sort((a, b) => compareTexts(a.org, b.org)),
      complete: this.words.length > 0, notes: this.notes, release: this.named ?? null,
      completeBy: this.words.map(({ org, time, sizes: heads }) => ({ org, time, heads: Object.fromEntries(heads) })),
    };
  }
}

/** A value as a page can show it: bytes in hexadecimal, floats as numbers, a selector with its kind. */
export function shown(value) {
  if (value instanceof Float) return value.value;
  if (isBytes(value)) return hex(value);
  if (Array.isArray(value)) return value.map(shown);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, shown(item)]));
  return typeof value === "bigint" ? String(value) : value;
}

export const selectorKind = (selector) => KINDS[selector[0] >> 3];

/** Where a leaf of a release stands in the order: items by their keys, then labels by organisation, entry and position. */
function leafPlace(parts) {
  need(Array.isArray(parts), "a leaf of a release is none");
  if (parts[0] === 0 && parts.length === 3 && typeof parts[1] === "string") return [0, utf8(parts[1]), 0, 0];
  need(parts[0] === 1 && parts.length === 12 && isOrigin(parts[1]) && whole(parts[2], 2 ** 36 + 1) && whole(parts[3], 4096), "a leaf of a release is none");
  return [1, utf8(parts[1]), parts[2], parts[3]];
}

const comparePlaces = (a, b) => a[0] - b[0] || compare(a[1], b[1]) || a[2] - b[2] || a[3] - b[3];

/** The fold of all pieces of a label's proof, or of those below some heads. */
class Evaluation {
  static async of(check, sizes) {
    const logs = new Map();
    for (const [origin, pieces] of check.logs) {
      const kept = sizes ? pieces.filter((piece) => piece.index < (sizes.get(origin) ?? 0)) : pieces;
      if (kept.length) logs.set(origin, kept);
    }
    return new Evaluation(check, logs, await Standing.of(check.steward, check.dataset, logs));
  }

  constructor({ target, annotation }, logs, standing) {
    Object.assign(this, { target, standing, writes: [], rows: [] });
    this.counted = [...logs.values()].flat().filter((piece) => standing.counts(piece));
    this.own = this.counted.find((piece) => piece.origin === target.origin && piece.index === target.entry);
    need(this.own, `the entry of ${annotation} is not in it, or does not count`);
    this.added = this.own.changeset.operations[target.position];
    need(this.added?.kind === "addAnnotation", `${annotation} adds no annotation`);
    this.item = this.added.item;
    this.write(target, this.own, [["class", this.added.class], ["selector", this.added.selector], ...this.added.fields]);
    this.gather();
    this.latest = new Map();
    for (const { op, register } of this.writes) {
      if (!this.latest.has(register)) this.latest.set(register, new Map());
      const last = this.latest.get(register);
      const known = last.get(op.origin);
      // What an author knows only grows: each author's last write of a register knows the most.
      if (!known || compareOps(known, op) < 0) last.set(op.origin, op);
    }
    for (const write of this.writes) this.row(write.op, write.piece, write.register, this.isReplaced(write) ? REPLACED : STANDING);
  }

  row(op, piece, register, state) {
    this.rows.push({ op, leaf: piece.leaf, register, state });
  }

  write(op, piece, values) {
    for (const [register, value] of values) this.writes.push({ op, piece, register, value });
  }

  /** Whether the author of one operation knew of another. */
  covers(later, earlier) {
    if (later.origin === earlier.origin) return compareOps(earlier, later) < 0;
    return this.standing.knows(later.origin, later.entry, earlier.origin) > earlier.entry;
  }

  gather() {
    const suggestions = new Map();
    const decisions = [];
    for (const piece of this.counted) {
      piece.changeset.operations.forEach((operation, position) => {
        const op = { origin: piece.origin, entry: piece.index, position };
        if (!["set", "review"].includes(operation.kind) || !this.covers(op, this.target)) return;
        if (operation.kind === "review" && !sameOp(operation.target, this.target)) {
          decisions.push({ piece, op, suggestion: operation.target, verdict: operation.verdict });
        } else if (!sameOp(operation.target, this.target)) return;
        else if (operation.kind === "review") {
          const reviewer = [piece.origin, piece.changeset.author].filter((name) => name !== null).join("/");
          this.write(op, piece, [[`\0review/${reviewer}`, operation.verdict]]);
        } else if (this.standing.mayChange(piece, this.target.origin)) this.write(op, piece, operation.fields);
        else {
          suggestions.set(opName(op), { op, fields: operation.fields });
          for (const register of operation.fields.keys()) this.row(op, piece, register, SUGGESTED);
        }
      });
    }
    for (const { piece, op, suggestion, verdict } of decisions) {
      const found = suggestions.get(opName(suggestion));
      if (!found || !this.standing.mayChange(piece, this.target.origin) || !this.covers(op, found.op)) continue;
      this.row(op, piece, `\0decision/${opName(suggestion)}`, DECIDED);
      if (verdict === "accept") this.write(op, piece, found.fields);
    }
  }

  isReplaced({ op, register }) {
    return [...this.latest.get(register).values()].some((other) => !sameOp(other, op) && this.covers(other, op));
  }

  /** The values of each field that stand. */
  values() {
    const found = {};
    for (const write of this.writes) {
      if (this.isReplaced(write)) continue;
      const encoded = hex(encode(write.value));
      const list = (found[write.register.replace("\0", "")] ??= []);
      if (!list.some((one) => one.encoded === encoded)) list.push({ encoded, shown: shown(write.value) });
    }
    return found;
  }

  /** The number of rows and their hash, as statements have it. */
  async contents() {
    const rows = [...this.rows].sort((a, b) => compareOps(a.op, b.op) || compareTexts(a.register, b.register));
    const digest = await sha256(encode(rows.map((row) => [opName(row.op), row.leaf, row.register, row.state])));
    return { count: rows.length, digest };
  }
}
