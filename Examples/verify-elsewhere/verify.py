"""Checks the proof of one label with public libraries only.

    verify.py PROOF --trust ROOT.pem...

Prints one JSON document and exits with 0, or says in one line why not and exits with 1.
"""

import argparse
import hashlib
import json
import pathlib
import re
import sys
import time

import cbor2
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from changeset import ADD_ANNOTATION, ADD_KEY, ADD_WITNESS, REVIEW, SET, SET_MEMBER, Changeset
from formats import Envelope, Refused, canonical, need, signer
from standing import Standing
from tlog import Proof, key_id

ORIGIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
ANNOTATION = re.compile(r"([^:/]+):(0|[1-9][0-9]{0,10})\.(0|[1-9][0-9]{0,3})")
FAULTS = (InvalidSignature, cbor2.CBORDecodeError, cbor2.CBOREncodeError, ValueError, TypeError,
          LookupError, AttributeError, RecursionError, OverflowError, OSError)


class Piece:
    """An entry of a log with its tlog-proof."""

    def __init__(self, origin, dataset, entry, proof):
        self.origin, self.entry = origin, entry
        self.proof = Proof(proof)
        self.index = self.proof.index
        self.envelope = Envelope(entry, origin, dataset)
        self.iat, self.thumbprint = self.envelope.iat, self.envelope.thumbprint
        self.changeset = Changeset(self.envelope.payload)


class Label:
    def __init__(self, data, trusted):
        need(len(data) <= 64 << 20, "the file is too large")
        value = canonical(data, "the file")
        need(type(value) is list and len(value) == 4 and value[0] == 1, "not a label's proof")
        _, self.dataset, self.annotation, pieces = value
        self.steward, _, name = self.dataset.partition("/")
        need(ORIGIN.fullmatch(self.steward), "not a dataset id")
        need(re.fullmatch(r"(?!\.)[a-z0-9._-]{1,64}", name), "not a dataset id")
        found = ANNOTATION.fullmatch(self.annotation)
        need(found, "not an annotation id")
        self.target = (found[1], int(found[2]), int(found[3]))
        need(1 <= len(pieces) <= 2_048, "no pieces or too many")
        self.logs = {}
        last = None
        for origin, entry, proof in pieces:
            need(ORIGIN.fullmatch(origin), "not an origin")
            need(origin == last or origin not in self.logs, "pieces of one log stand apart")
            last = origin
            self.logs.setdefault(origin, []).append(Piece(origin, self.dataset, entry, proof))
        self.witness_keys, self.log_keys = {}, {}
        need(self.steward in self.logs, "the steward's log is not in the file")
        self.roots = {self.steward: trusted}
        for origin in sorted(self.logs, key=lambda o: (o != self.steward, o.encode())):
            self.check_entries(origin)
        self.check_proofs()
        self.standing = Standing(self.steward, self.logs)
        self.check_standing()

    def check_entries(self, origin):
        pieces, known = self.logs[origin], {}
        indices = [piece.index for piece in pieces]
        need(indices[0] == 0, f"{origin} does not begin with its entry 0")
        need(indices == sorted(set(indices)), f"pieces of {origin} do not ascend")
        for piece in pieces:
            for _, chain, log_key in piece.changeset.acts(ADD_KEY):
                certificate = signer(chain, self.roots.get(origin, []), origin, piece.iat)
                known[hashlib.sha256(chain[0]).digest()] = certificate
                if log_key is not None:
                    self.log_keys.setdefault(origin, log_key)
            need(piece.thumbprint in known, f"{origin}:{piece.index} is signed by an unknown key")
            piece.certificate = known[piece.thumbprint]
            piece.envelope.verify(piece.certificate.public_key())
            for _, public in piece.changeset.acts(ADD_WITNESS):
                self.witness_keys[origin, key_id(origin, 4, public)] = public
            for _, member, _, roots, _ in (
                piece.changeset.acts(SET_MEMBER) if origin == self.steward else []
            ):
                if member != self.steward and roots:
                    self.roots[member] = [x509.load_der_x509_certificate(r) for r in roots]
        need(origin in self.log_keys, f"{origin} has introduced no log key")

    def check_proofs(self):
        for origin, pieces in self.logs.items():
            others = {k: v for k, v in self.witness_keys.items() if k[0] != origin}
            signed = {}
            for piece in pieces:
                log = f"{origin}/{self.dataset}"
                piece.seen = piece.proof.check(piece.entry, log, self.log_keys[origin], others)
                proof = piece.proof
                need(signed.setdefault(proof.size, proof.root) == proof.root,
                     f"{origin} signed two roots at {proof.size} entries")

    def check_standing(self):
        self.counted = {
            (piece.origin, piece.index): piece
            for pieces in self.logs.values() for piece in pieces if self.standing.counts(piece)
        }
        self.own = self.counted.get(self.target[:2])
        need(self.own, f"the entry of {self.annotation} is not in the file or does not count")
        now = time.time()
        for piece in self.counted.values():
            end = piece.certificate.not_valid_after_utc.timestamp()
            if end >= now or piece.origin == self.steward:
                continue
            seen = any(at <= end for at in piece.seen.values()) or any(
                other.origin != piece.origin and other.iat <= end
                and other.changeset.heads.get(piece.origin, 0) > piece.index
                for other in self.counted.values()
            )
            need(seen, f"nobody saw {piece.origin}:{piece.index} before its certificate ended")

    # MARK: What it says

    def covers(self, later, earlier):
        """Whether one operation, (origin, entry, position), knew of another."""
        if later[0] == earlier[0]:
            return earlier[1:] < later[1:]
        return any(
            piece.index <= later[1] and piece.changeset.heads.get(earlier[0], 0) > earlier[1]
            for piece in self.logs[later[0]]
        )

    def operations(self):
        for piece in self.counted.values():
            for position, operation in enumerate(piece.changeset.operations):
                yield piece, (piece.origin, piece.index, position), operation

    def writes(self):
        """Every write of the annotation's fields that counts, as (operation, field, value)."""
        need(self.target[2] < len(self.own.changeset.operations), "no such operation")
        added = self.own.changeset.operations[self.target[2]]
        need(added[0] == ADD_ANNOTATION, f"{self.annotation} adds no annotation")
        _, self.item, label, selector, fields = added
        found = [(self.target, n, v) for n, v in
                 {"class": label, "selector": selector, **fields}.items()]
        sets = {op: (piece, o[2]) for piece, op, o in self.operations()
                if o[0] == SET and o[1] == self.target}
        for op, (piece, fields) in sets.items():
            if self.standing.may_change(piece, self.target[0]):
                found += [(op, name, value) for name, value in fields.items()]
        for piece, op, operation in self.operations():
            if operation[0] != REVIEW or operation[1] not in sets or operation[2] != 0:
                continue
            suggester, fields = sets[operation[1]]
            if (self.standing.may_change(piece, self.target[0])
                    and not self.standing.may_change(suggester, self.target[0])
                    and self.covers(op, operation[1])):
                found += [(op, name, value) for name, value in fields.items()]
        return found

    def values(self):
        """The standing values of every field; an addition's own writes give way to all others."""
        writes, standing = self.writes(), {}
        for op, name, value in writes:
            later = [o for o, n, _ in writes if n == name and o != op
                     and (op == self.target or self.covers(o, op))]
            if not later:
                # By encoding: an integer and a float are different values.
                standing.setdefault(name, {})[cbor2.dumps(value, canonical=True)] = value
        return {name: list(found.values()) for name, found in standing.items()}

    def report(self):
        values = self.values()
        classes = values["class"]
        return {
            "ok": True,
            "org": self.target[0],
            "signer": self.own.certificate.subject.rfc4514_string(),
            "class": classes[0] if len(classes) == 1 else None,
            "classes": sorted(classes),
            "time": self.own.iat,
            "log": f"{self.target[0]}/{self.dataset}",
            "index": self.own.index,
            "witnesses": [{"org": o, "time": t} for o, t in sorted(self.own.seen.items())],
            "dataset": self.dataset,
            "annotation": self.annotation,
            "item": self.item,
            "sizes": {o: max(p.proof.size for p in pieces) for o, pieces in self.logs.items()},
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("proof", type=pathlib.Path)
    parser.add_argument("--trust", type=pathlib.Path, action="append", required=True)
    given = parser.parse_args()
    try:
        roots = [r for p in given.trust for r in x509.load_pem_x509_certificates(p.read_bytes())]
        report = Label(given.proof.read_bytes(), roots).report()
    except Refused as refusal:
        sys.exit(f"refused: {refusal}")
    except FAULTS as fault:
        why = " ".join(str(fault).split()) or "a signature does not hold"
        sys.exit(f"refused: {type(fault).__name__}: {why}")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
