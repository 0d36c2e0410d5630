// Who had which role, whose entries count, and what their authors knew (DataModel.md, "Roles"; Proof.md, step 3).

import { compareTexts, equal, hex, sha256 } from "./bytes.js";
import { ed25519Holds } from "./keys.js";
import { checkpointText } from "./notes.js";
import { validAt } from "./x509.js";

export const READER = 0, REVIEWER = 2, STEWARD = 3;
const SET_MEMBER = 17, CUT_LOG = 18, RELEASE = 21, SUCCEED_LOG = 23, RETIRE_KEY = 25, COUNTERSIGN = 26, ADD_WITNESS = 27,
  SET_RELEASE_POLICY = 32;
export const ADD_KEY = 24;
/** How many acts of a kind count in one log. */
const LIMITS = { [ADD_KEY]: 1024, [RETIRE_KEY]: 1024, [ADD_WITNESS]: 16, [COUNTERSIGN]: 4096, 29: 64, 30: 64 };
const WITHDRAWAL = 8;

const has = (list, bytes) => list.some((one) => equal(one, bytes));
const signed = new Map();

/** Whether a log's key has signed a head; the same one stands in many entries. */
async function headHolds(head, dataset, key) {
  const text = checkpointText(`${head.origin}/${dataset}`, head.size, head.root);
  const name = hex(await sha256(key, head.signature, text));
  if (signed.size > 16384) signed.clear();
  if (!signed.has(name)) signed.set(name, await ed25519Holds(key, head.signature, text).catch(() => false));
  return signed.get(name);
}

/** The fold of the acts in some pieces: the steward's log first, then the others. */
export class Standing {
  static async of(steward, dataset, logs) {
    const made = new Standing(steward, dataset, logs);
    for (const origin of made.order) for (const piece of logs.get(origin)) await made.takeHeads(piece);
    return made;
  }

  constructor(steward, dataset, logs) {
    Object.assign(this, { steward, dataset, logs, members: new Map(), successors: new Map(), introduced: new Map(),
      logKeys: new Map(), witnessKeys: new Map(), releases: new Map(), countersigned: new Map(), releasePolicy: null,
      retired: new Map(), known: new Map(), false: new Set() });
    this.order = [...logs.keys()].sort((a, b) => (b === steward) - (a === steward) || compareTexts(a, b));
    for (const [origin, pieces] of logs) {
      this.introduced.set(origin, new Set());
      for (const piece of pieces) {
        for (const { fingerprint, logKey } of piece.introduces) {
          this.introduced.get(origin).add(fingerprint);
          if (logKey && !this.logKeys.has(origin)) this.logKeys.set(origin, logKey);
        }
      }
    }
    for (const origin of this.order) {
      const counts = {};
      for (const piece of logs.get(origin)) {
        for (const { act, members } of piece.changeset.operations) {
          if (!act) break;
          counts[act] = (counts[act] ?? 0) + 1;
          if (counts[act] <= (LIMITS[act] ?? Infinity) && this.effective(piece)) this.fold(act, members, piece);
        }
      }
    }
  }

  fold(act, members, { origin, index }) {
    const isStewards = origin === this.steward;
    const [first, second] = members;
    if (act === ADD_WITNESS) {
      const keys = this.witnessKeys.get(origin) ?? [];
      if (!has(keys, first)) this.witnessKeys.set(origin, [...keys, first]);
    } else if (act === RETIRE_KEY) {
      for (const [log, keys] of this.introduced) {
        if (!keys.has(hex(first)) || (!isStewards && log !== origin)) continue;
        const key = `${isStewards ? "s" : "o"} ${log} ${hex(first)}`;
        // Of the owner the first word holds, of the steward the last.
        if (isStewards || !this.retired.has(key)) this.retired.set(key, second);
      }
    } else if (act === COUNTERSIGN) {
      if (isStewards) return;
      if (!this.countersigned.has(first)) this.countersigned.set(first, new Map());
      this.countersigned.get(first).set(origin, second);
    } else if (!isStewards) return;
    else if (act === RELEASE) this.release(members);
    else if (act === SET_RELEASE_POLICY) this.releasePolicy = members;
    else if (act === SET_MEMBER && first !== this.steward) this.setMember(members, index);
    else if (act === CUT_LOG && this.members.has(first)) {
      const member = this.members.get(first);
      member.cut = member.cut === null ? second : Math.min(member.cut, second);
    } else if (act === SUCCEED_LOG && first !== this.steward && first !== second && !this.owns(first, second)) {
      this.successors.set(first, second);
    }
  }

  release(act) {
    const withdrawal = act[3]?.get(WITHDRAWAL);
    const known = this.releases.get(act[0]);
    if (withdrawal === undefined) {
      if (!known) this.releases.set(act[0], { act, policy: this.releasePolicy, withdrawal: null });
    } else if (known && equal(known.act[1], act[1])) known.withdrawal ??= withdrawal;
  }

  setMember([origin, role, roots, logKey, start], index) {
    if (!this.members.has(origin)) this.members.set(origin, { spans: [], cut: null, roots: [], logKeys: [] });
    const member = this.members.get(origin);
    for (const root of roots) if (!has(member.roots, root)) member.roots.push(root);
    member.spans = member.spans.filter((span) => span[0] < start);
    if (member.cut !== null && member.cut < start) {
      member.spans = [...member.spans.filter((span) => span[0] < member.cut), [member.cut, null]];
    }
    member.cut = null;
    member.spans.push([start, role]);
    const last = member.logKeys.at(-1);
    if (logKey && !(last && equal(last.key, logKey))) member.logKeys.push({ index, key: logKey });
  }

  // Heads: each is signed by the cited log's key, the one that the steward's log names within what the entry has merged of it.

  async takeHeads(piece) {
    const own = piece.origin === this.steward;
    for (const head of piece.changeset.heads.filter((h) => h.origin === this.steward)) {
      await this.take(piece, head, own ? null : this.logKeys.get(this.steward));
    }
    const named = own ? piece.index + 1 : this.knows(piece.origin, piece.index, this.steward);
    for (const head of piece.changeset.heads.filter((h) => h.origin !== this.steward)) {
      const keys = (this.members.get(head.origin)?.logKeys ?? []).filter((one) => one.index < named);
      await this.take(piece, head, head.origin === piece.origin ? null : keys.at(-1)?.key);
    }
  }

  async take(piece, head, key) {
    if (key && (await headHolds(head, this.dataset, key))) {
      const steps = this.known.get(piece.origin) ?? [];
      steps.push({ at: piece.index, origin: head.origin, merged: head.merged });
      this.known.set(piece.origin, steps);
    } else this.false.add(piece);
  }

  /** How much of another log an author had merged at an entry. */
  knows(origin, index, other) {
    return (this.known.get(origin) ?? []).reduce((most, step) =>
      (step.origin === other && step.at <= index ? Math.max(most, step.merged) : most), 0);
  }

  role(origin, index) {
    if (origin === this.steward) return STEWARD;
    const member = this.members.get(origin);
    if (!member || (member.cut !== null && index >= member.cut)) return null;
    return member.spans.findLast((span) => span[0] <= index)?.[1] ?? null;
  }

  isMember(origin) {
    return origin === this.steward || this.members.get(origin)?.cut === null;
  }

  /** Whether the acts of an entry about its own log take effect. */
  effective(piece) {
    const key = `${piece.origin} ${piece.thumbprint}`;
    return this.role(piece.origin, piece.index) !== null && validAt(piece.certificate, piece.time)
      && !["s", "o"].some((who) => this.retired.get(`${who} ${key}`) <= piece.index);
  }

  counts(piece) {
    return this.effective(piece) && this.role(piece.origin, piece.index) > READER && !this.false.has(piece);
  }

  owns(origin, owner) {
    for (const passed = new Set(); !passed.has(owner); owner = this.successors.get(owner) ?? owner) {
      if (owner === origin) return true;
      passed.add(owner);
    }
    return false;
  }

  mayChange(piece, owner) {
    return this.owns(piece.origin, owner) || this.role(piece.origin, piece.index) >= REVIEWER;
  }
}
