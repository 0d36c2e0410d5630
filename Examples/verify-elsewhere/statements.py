"""Whose word it is that a proof is all (Proof.md, "Statements")."""

import time

from changeset import RETIRE_KEY
from evaluation import Evaluation
from formats import Envelope, Refused, canonical, need, signer, whole

TOLERANCE = 3_600


class Statement:
    """One statement, whose signature holds by the certificate that it carries."""

    def __init__(self, data, label, trusted):
        self.envelope = Envelope(data, "statement")
        self.org, self.time = self.envelope.iss, self.envelope.iat
        self.envelope.speaks(self.org, label.dataset)
        payload = canonical(self.envelope.payload, "a statement")
        need(type(payload) is list and len(payload) == 5 and payload[0] == 1, "not a statement")
        _, annotation, heads, self.count, self.digest = payload
        need(annotation == label.annotation, f"the statement of {self.org} is about {annotation}")
        need(len(heads) <= 512, "too many heads")
        origins = [origin for origin, _, _ in heads]
        need(origins == sorted(set(origins), key=str.encode), "heads out of order")
        for _, size, root in heads:
            need(whole(size, (1 << 36) + 1) and size and len(root) == 32, "not a head")
        self.sizes = {origin: size for origin, size, _ in heads}
        self.roots = {(origin, size): root for origin, size, root in heads}
        certificate = signer(self.envelope.chain, trusted(self.org), self.org, self.time)
        self.envelope.verify(certificate.public_key())

    def check(self, label, whole_evaluation):
        """Whether it speaks of all that the file shows; refuses what contradicts the file."""
        standing = whole_evaluation.standing
        need(standing.is_member(self.org), f"{self.org}, whose statement it holds, is no member")
        need(self.time <= time.time() + TOLERANCE, f"the statement of {self.org} is of the future")
        for origin in {self.org, label.steward} & set(label.logs):
            for piece in label.logs[origin]:
                retired = [act[1] for act in piece.changeset.acts(RETIRE_KEY)]
                need(not (standing.effective(piece) and self.envelope.thumbprint in retired),
                     f"the statement of {self.org} is signed with a retired key")
        for place, root in self.roots.items():
            need(label.signed.get(place, root) == root,
                 f"{self.org} names another root of {place[0]} at {place[1]} entries")
        reaches = all(op[1] < self.sizes.get(op[0], 0) for op, _, _ in whole_evaluation.rows)
        if reaches and whole_evaluation.contents() == (self.count, self.digest):
            return True
        try:
            then = Evaluation(label, self.sizes)
        except Refused as refusal:
            raise Refused(f"the statement of {self.org} does not reach the label: {refusal}")
        need(then.contents() == (self.count, self.digest),
             f"{self.org} says that {self.count} rows are all, the file shows {len(then.rows)}, or "
             "others: something was left out or put in")
        return False
