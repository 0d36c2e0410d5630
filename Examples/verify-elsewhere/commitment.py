"""What the digest of a release binds, and what its leaves say of a label (Proof.md, "In a release, or not")."""

import hashlib

import cbor2

from formats import canonical, need, whole
from tlog import included

# The member of a release's terms that says how many have to countersign.
QUORUM = 7


class Commitment:
    """What the digest of a release binds."""

    def __init__(self, dataset, parts):
        need(type(parts) is list and len(parts) == 7, "not a part about a release")
        self.name, self.heads, self.terms, self.root, self.items, self.labels, self.leaves = parts
        need(type(self.name) is str and type(self.terms) is dict, "not a part about a release")
        need(type(self.root) is bytes and len(self.root) == 32, "a release without a root")
        need(whole(self.items, 1 << 40) and whole(self.labels, 1 << 40), "a release of no size")
        bound = [dataset, *parts[:6]]
        self.digest = hashlib.sha256(
            b"countermark/release/v1\n" + cbor2.dumps(bound, canonical=True)).digest()

    def act(self, standing):
        """The steward's act that makes it, with what the acts say of it."""
        found = standing.releases.get(self.name)
        need(found and found.act[2] == self.digest and found.act[3] == self.heads
             and (found.act[4:] or [{}])[0] == self.terms,
             "no act of the steward in it makes the release that it speaks of")
        by = sorted(o for o, digest in standing.countersigned.get(self.name, {}).items()
                    if digest == self.digest)
        threshold, asked = found.policy or (0, [])
        quorum = self.terms.get(QUORUM, 0)
        of_whom = [o for o in by if not asked or o in asked]
        return {
            "name": self.name, "digest": self.digest.hex(), "withdrawn": found.withdrawal,
            "quorum": max(quorum, threshold), "asked": asked, "countersigned": by,
            "holds": found.withdrawal is None and len(by) >= quorum and len(of_whom) >= threshold,
        }

    def label(self, target):
        """What the leaves say of a label; None where they show that it is not in the release."""
        size = self.items + self.labels
        need(len(self.leaves) <= 2, "too many leaves")
        for index, leaf, path in self.leaves:
            need(whole(index) and type(leaf) is bytes, "not a leaf")
            included(index, size, hashlib.sha256(b"\x00" + leaf).digest(), path, self.root)
        places = [place(leaf) for _, leaf, _ in self.leaves]
        own = (1, target[0].encode(), target[1], target[2])
        if places == [own]:
            said = cbor2.loads(self.leaves[0][1])
            return {"item": said[4], "class": said[5], "retracted": said[7], "contested": said[8]}
        indices = [index for index, _, _ in self.leaves]
        if not places:
            holds = size == 0 and self.root == hashlib.sha256(b"").digest()
        elif len(places) == 1:
            holds = (indices[0] == 0 and own < places[0]) or (
                indices[0] + 1 == size and places[0] < own)
        else:
            holds = indices[0] + 1 == indices[1] and places[0] < own < places[1]
        need(holds, "the part about the release shows neither that the label is in it nor that it is not")
        return None


def place(leaf):
    """Where a leaf stands in the order: items by their keys, then labels by origin, entry and position."""
    parts = canonical(leaf, "a leaf")
    need(type(parts) is list and len(parts) in (3, 12), "not a leaf")
    if len(parts) == 3:
        need(parts[0] == 0 and type(parts[1]) is str, "not an item's leaf")
        return (0, parts[1].encode(), 0, 0)
    need(parts[0] == 1 and type(parts[1]) is str, "not a label's leaf")
    need(whole(parts[2], 1 << 36) and whole(parts[3], 4_096), "not a label's leaf")
    return (1, parts[1].encode(), parts[2], parts[3])
