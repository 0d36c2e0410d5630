"""Checks the proof of one label with public libraries only.

    verify.py PROOF --trust ROOT.pem...

Prints one JSON document and exits with 0, or says in one line why not and exits with 1. `complete` is
false where nobody says that the file holds all that concerns the label: then something may be left out.
"""

import argparse
import hashlib
import json
import pathlib
import re
import sys

import cbor2
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from changeset import ADD_KEY, Changeset
from evaluation import Evaluation
from formats import Envelope, Refused, canonical, need, signer
from standing import Standing
from statements import Statement
from tlog import Proof, key_id

ORIGIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
ANNOTATION = re.compile(r"([^:/]+):(0|[1-9][0-9]{0,10})\.(0|[1-9][0-9]{0,3})")
FAULTS = (InvalidSignature, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion,
          x509.UnsupportedGeneralNameType, cbor2.CBORDecodeError, cbor2.CBOREncodeError, ValueError,
          TypeError, LookupError, AttributeError, RecursionError, OverflowError, OSError)


class Piece:
    """An entry of a log with its tlog-proofs: one, or several under growing checkpoints."""

    def __init__(self, origin, dataset, entry, proof):
        self.origin, self.entry = origin, entry
        self.leaf = hashlib.sha256(b"\x00" + entry).digest()
        self.proofs = [proof]
        self.index = proof.index
        self.envelope = Envelope(entry)
        self.envelope.speaks(origin, dataset)
        self.iat, self.thumbprint = self.envelope.iat, self.envelope.thumbprint
        self.changeset = Changeset(self.envelope.payload)
        need(all(head[0] != origin for head in self.changeset.heads), "it cites its own log")


class Label:
    def __init__(self, data, trusted):
        need(len(data) <= 64 << 20, "the file is too large")
        value = canonical(data, "the file")
        need(type(value) is list and len(value) == 5 and value[0] == 2, "not a label's proof")
        _, self.dataset, self.annotation, pieces, statements = value
        self.steward, _, name = self.dataset.partition("/")
        need(ORIGIN.fullmatch(self.steward), "not a dataset id")
        need(re.fullmatch(r"(?!\.)[a-z0-9._-]{1,64}", name), "not a dataset id")
        found = ANNOTATION.fullmatch(self.annotation)
        need(found, "not an annotation id")
        self.target = (found[1], int(found[2]), int(found[3]))
        need(1 <= len(pieces) <= 32_768, "no pieces or too many")
        need(len(statements) <= 512, "too many statements")
        self.logs = {}
        last = None
        for origin, entry, proof in pieces:
            need(ORIGIN.fullmatch(origin), "not an origin")
            need(origin == last or origin not in self.logs, "pieces of one log stand apart")
            last = origin
            self.add(origin, entry, Proof(proof))
        self.log_keys, self.signed = {}, {}
        need(self.steward in self.logs, "the steward's log is not in the file")
        self.roots = {self.steward: trusted}
        self.check_entries(self.steward)
        first = Standing(self.steward, self.dataset, {self.steward: self.logs[self.steward]})
        for member, named in first.members.items():
            self.roots[member] = [x509.load_der_x509_certificate(root) for root in named.roots]
        for origin in sorted(set(self.logs) - {self.steward}, key=str.encode):
            self.check_entries(origin)
        self.check_proofs()
        self.evaluation = Evaluation(self)
        self.check_witnesses()
        self.check_statements(statements)

    def add(self, origin, entry, proof):
        pieces = self.logs.setdefault(origin, [])
        if pieces and pieces[-1].index == proof.index:
            need(pieces[-1].entry == entry, f"{origin} has two entries at {proof.index}")
            need(pieces[-1].proofs[-1].size < proof.size, "an entry stands twice under a checkpoint")
            pieces[-1].proofs.append(proof)
        else:
            pieces.append(Piece(origin, self.dataset, entry, proof))

    def check_entries(self, origin):
        pieces, known = self.logs[origin], {}
        indices = [piece.index for piece in pieces]
        need(indices[0] == 0, f"{origin} does not begin with its entry 0")
        need(indices == sorted(set(indices)), f"pieces of {origin} do not ascend")
        for piece in pieces:
            for _, chain, log_key in piece.changeset.acts(ADD_KEY):
                need(len(chain) <= 4, "addKey has too many certificates")
                certificate = signer(chain, self.roots.get(origin, []), origin, piece.iat)
                known[hashlib.sha256(chain[0]).digest()] = certificate
                if log_key is not None:
                    self.log_keys.setdefault(origin, log_key)
            need(piece.thumbprint in known, f"{origin}:{piece.index} is signed by an unknown key")
            piece.certificate = known[piece.thumbprint]
            piece.envelope.verify(piece.certificate.public_key())
        need(origin in self.log_keys, f"{origin} has introduced no log key")

    def check_proofs(self):
        for origin, pieces in self.logs.items():
            for piece in pieces:
                for proof in piece.proofs:
                    proof.check(piece.entry, f"{origin}/{self.dataset}", self.log_keys[origin])
                    place = (origin, proof.size)
                    need(self.signed.setdefault(place, proof.root) == proof.root,
                         f"{origin} signed two roots at {proof.size} entries")

    def check_witnesses(self):
        """Every line must be explained; those over the label's own entry have seen it."""
        keys, self.seen = {}, {}
        for origin, publics in self.evaluation.standing.witness_keys.items():
            for public in publics:
                keys[origin, key_id(origin, 4, public)] = public
        for origin, pieces in self.logs.items():
            others = {k: v for k, v in keys.items() if k[0] != origin}
            for piece in pieces:
                for proof in piece.proofs:
                    seen = proof.seen(f"{origin}/{self.dataset}", others)
                    if piece is self.evaluation.own:
                        for org, at in seen.items():
                            self.seen[org] = min(at, self.seen.get(org, at))

    def check_statements(self, statements):
        self.words = []
        read = [Statement(s, self, lambda org: self.roots.get(org, [])) for s in statements]
        orgs = [statement.org for statement in read]
        need(orgs == sorted(set(orgs), key=str.encode), "statements out of order")
        for statement in read:
            if statement.check(self, self.evaluation):
                self.words.append(statement)

    def report(self):
        values = self.evaluation.values()
        classes, own = values["class"], self.evaluation.own
        return {
            "ok": True,
            "complete": bool(self.words),
            "completeBy": [{"org": w.org, "time": w.time, "heads": w.sizes} for w in self.words],
            "org": self.target[0],
            "signer": own.certificate.subject.rfc4514_string(),
            "class": classes[0] if len(classes) == 1 else None,
            "classes": sorted(classes),
            "time": own.iat,
            "log": f"{self.target[0]}/{self.dataset}",
            "index": own.index,
            "witnesses": [{"org": o, "time": t} for o, t in sorted(self.seen.items())],
            "dataset": self.dataset,
            "annotation": self.annotation,
            "item": self.evaluation.item,
            "sizes": {o: max(size for origin, size in self.signed if origin == o)
                      for o in self.logs},
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
