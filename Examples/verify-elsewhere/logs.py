"""The entries in a proof: whose they are, by which key, and that they stand in their logs (Proof.md, steps 1 and 2)."""

import hashlib
import json
import re
import sys

import cbor2
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from changeset import ADD_KEY, Changeset
from formats import Envelope, Refused, need, signer
from standing import Standing
from tlog import Proof, key_id

ORIGIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
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
        need(self.envelope.index in (None, self.index), f"entry {self.index} of {origin} was signed for another place")
        self.iat, self.thumbprint = self.envelope.iat, self.envelope.thumbprint
        self.changeset = Changeset(self.envelope.payload)
        need(all(head[0] != origin for head in self.changeset.heads), "it cites its own log")


class Logs:
    """Entries of a dataset's logs, each signed by a key that leads to a root, and in its log."""

    def __init__(self, dataset, pieces, roots):
        self.dataset = dataset
        self.steward, _, name = dataset.partition("/")
        need(ORIGIN.fullmatch(self.steward), "not a dataset id")
        need(re.fullmatch(r"(?!\.)[a-z0-9._-]{1,64}", name), "not a dataset id")
        need(1 <= len(pieces) <= 32_768, "no pieces or too many")
        self.logs = {}
        last = None
        for origin, entry, proof in pieces:
            need(ORIGIN.fullmatch(origin), "not an origin")
            need(origin == last or origin not in self.logs, "pieces of one log stand apart")
            last = origin
            self.add(origin, entry, Proof(proof))
        self.log_keys, self.signed = {}, {}
        need(self.steward in self.logs, "the steward's log is not in the file")
        self.roots = {self.steward: roots}
        self.check_entries(self.steward)
        first = Standing(self.steward, self.dataset, {self.steward: self.logs[self.steward]})
        for member, named in first.members.items():
            self.roots[member] = [x509.load_der_x509_certificate(root) for root in named.roots]
        for origin in sorted(set(self.logs) - {self.steward}, key=str.encode):
            self.check_entries(origin)
        self.check_proofs()
        self.standing = Standing(self.steward, self.dataset, self.logs)

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

    def check_witnesses(self, own=None):
        """Every line must be explained; those over one entry have seen it."""
        keys, self.seen = {}, {}
        for origin, publics in self.standing.witness_keys.items():
            for public in publics:
                keys[origin, key_id(origin, 4, public)] = public
        for origin, pieces in self.logs.items():
            others = {k: v for k, v in keys.items() if k[0] != origin}
            for piece in pieces:
                for proof in piece.proofs:
                    seen = proof.seen(f"{origin}/{self.dataset}", others)
                    if piece is own:
                        for org, at in seen.items():
                            self.seen[org] = min(at, self.seen.get(org, at))


def trusted(paths):
    """The certificates in some files."""
    return [r for p in paths for r in x509.load_pem_x509_certificates(p.read_bytes())]


def answer(check):
    """Prints what a check reports, or why it refuses, and ends the program."""
    try:
        report = check()
    except Refused as refusal:
        sys.exit(f"refused: {refusal}")
    except FAULTS as fault:
        why = " ".join(str(fault).split()) or "a signature does not hold"
        sys.exit(f"refused: {type(fault).__name__}: {why}")
    print(json.dumps(report, indent=1))
