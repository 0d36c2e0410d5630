"""Checks a release with public libraries only (Proof.md, "A release by itself"; DataModel.md, "Releases").

    release.py RELEASE --leaves RELEASE.leaves --trust ROOT.pem...

Prints one JSON document and exits with 0, or says in one line why not and exits with 1.
"""

import argparse
import collections
import hashlib
import pathlib

import cbor2

from changeset import RELEASE
from commitment import Commitment, place
from formats import canonical, need
from logs import Logs, answer, trusted
from tlog import Tree


class Release(Logs):
    """A release by itself: who made it and who has countersigned it."""

    def __init__(self, data, roots):
        need(len(data) <= 64 << 20, "the file is too large")
        value = canonical(data, "the file")
        need(type(value) is list and len(value) == 4 and value[0] == 4, "not a release's proof")
        _, dataset, pieces, parts = value
        super().__init__(dataset, pieces, roots)
        self.commitment = Commitment(dataset, parts)
        self.check_witnesses()
        need(not self.commitment.leaves, "a release by itself shows no leaves")
        self.said = self.commitment.act(self.standing)

    def contents(self, stream):
        """Counts what the leaves hold, if they are those that were signed."""
        tree, last, counts, classes = Tree(), None, [0, 0], collections.Counter()
        companies = collections.Counter()
        decoder = cbor2.CBORDecoder(stream)
        for _ in range(self.commitment.items + self.commitment.labels):
            parts = decoder.decode()
            leaf = cbor2.dumps(parts, canonical=True)
            at = place(leaf)
            need(last is None or last < at, "leaves out of order")
            last = at
            counts[at[0]] += 1
            if at[0]:
                classes[parts[5]] += 1
                companies[parts[1]] += 1
            tree.append(hashlib.sha256(b"\x00" + leaf).digest())
        need(not stream.read(1), "there are more leaves than were signed")
        need(counts == [self.commitment.items, self.commitment.labels] and tree.root() == self.commitment.root,
             "the leaves are not those that the steward signed")
        return {"classes": dict(sorted(classes.items())), "companies": dict(sorted(companies.items()))}

    def report(self):
        act = next(o for p in self.logs[self.steward] for o in p.changeset.acts(RELEASE)
                   if o[2] == self.commitment.digest)
        return {
            "ok": True, "dataset": self.dataset, **self.said, "root": self.commitment.root.hex(),
            "items": self.commitment.items, "labels": self.commitment.labels,
            "heads": {origin: size for origin, size, _ in act[3]},
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("release", type=pathlib.Path)
    parser.add_argument("--leaves", type=pathlib.Path, help="the labels: are they those that were signed?")
    parser.add_argument("--trust", type=pathlib.Path, action="append", required=True)
    given = parser.parse_args()

    def check():
        release = Release(given.release.read_bytes(), trusted(given.trust))
        report = {**release.report(), "leaves": given.leaves is not None}
        if given.leaves:
            with open(given.leaves, "rb") as stream:
                report.update(release.contents(stream))
        return report

    answer(check)


if __name__ == "__main__":
    main()
