"""Checks the proof of one label with public libraries only.

    verify.py PROOF --trust ROOT.pem...

Prints one JSON document and exits with 0, or says in one line why not and exits with 1. `complete` is
false where nobody says that the file holds all that concerns the label: then something may be left out.
"""

import argparse
import pathlib
import re

from commitment import Commitment
from evaluation import Evaluation
from formats import canonical, need
from logs import Logs, answer, trusted
from statements import Statement

ANNOTATION = re.compile(r"([^:/]+):(0|[1-9][0-9]{0,10})\.(0|[1-9][0-9]{0,3})")


class Label(Logs):
    """A label's proof (Proof.md)."""

    def __init__(self, data, roots):
        need(len(data) <= 64 << 20, "the file is too large")
        value = canonical(data, "the file")
        need(type(value) is list and len(value) == {2: 5, 3: 6}.get(value[0] if value else None),
             "not a label's proof")
        _, dataset, self.annotation, pieces, statements = value[:5]
        found = ANNOTATION.fullmatch(self.annotation)
        need(found, "not an annotation id")
        self.target = (found[1], int(found[2]), int(found[3]))
        need(len(statements) <= 512, "too many statements")
        super().__init__(dataset, pieces, roots)
        self.evaluation = Evaluation(self)
        self.check_witnesses(self.evaluation.own)
        self.check_statements(statements)
        self.release = None
        if len(value) == 6:
            commitment = Commitment(dataset, value[5])
            said = commitment.label(self.target)
            self.release = {**commitment.act(self.standing), "in": said is not None, "label": said}

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
            "release": self.release,
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("proof", type=pathlib.Path)
    parser.add_argument("--trust", type=pathlib.Path, action="append", required=True)
    given = parser.parse_args()
    answer(lambda: Label(given.proof.read_bytes(), trusted(given.trust)).report())


if __name__ == "__main__":
    main()
