"""Merkle trees as logs have them (RFC 6962), and their proofs."""

from .certificates import sha256


def leaf(entry):
    return sha256(b"\0" + entry)


def node(left, right):
    return sha256(b"\1" + left + right)


def split(count):
    """The largest power of two below count."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def tree_root(leaves):
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    middle = split(len(leaves))
    return node(tree_root(leaves[:middle]), tree_root(leaves[middle:]))


def inclusion_proof(leaves, index):
    if len(leaves) == 1:
        return []
    middle = split(len(leaves))
    if index < middle:
        return inclusion_proof(leaves[:middle], index) + [tree_root(leaves[middle:])]
    return inclusion_proof(leaves[middle:], index - middle) + [tree_root(leaves[:middle])]


def consistency_proof(leaves, size, whole=True):
    """That the first `size` leaves are a prefix of all of them."""
    if size == len(leaves):
        return [] if whole else [tree_root(leaves)]
    middle = split(len(leaves))
    if size <= middle:
        return consistency_proof(leaves[:middle], size, whole) + [tree_root(leaves[middle:])]
    return consistency_proof(leaves[middle:], size - middle, False) + [tree_root(leaves[:middle])]


class GrowingTree:
    """The root of a tree that only grows, at a cost of O(log n) for each leaf."""

    def __init__(self):
        self.size, self._stack = 0, []  # full subtrees: (level, hash), the largest first

    def add(self, leaf_hash):
        self.size += 1
        level, here = 0, leaf_hash
        while self._stack and self._stack[-1][0] == level:
            here = node(self._stack.pop()[1], here)
            level += 1
        self._stack.append((level, here))

    def root(self):
        if not self._stack:
            return sha256(b"")
        here = self._stack[-1][1]
        for _, left in reversed(self._stack[:-1]):
            here = node(left, here)
        return here
