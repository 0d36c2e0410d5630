"""Changesets of wire version 2, as they must be, and as they must not be.

A `Changeset` is built with words and encodes itself: strings are interned, heads are put in order.
What an attack wants otherwise it says: `another_string` puts a string into the table twice,
`operation` takes any members, and the attributes `strings`, `heads_as_given` and `version` can be set.
"""

import os
from typing import NamedTuple

import cbor2

from .notes import checkpoint_text

VERSION = 2
INDEX_MAX = 1 << 36

# Operations
ADD_ITEM, ADD_LABEL, SET, SET_ITEM, REVIEW, COMMENT, COMMENT_ITEM = range(7)
# Governance acts
SET_MEMBER, CUT_LOG, SET_SCHEMA, SET_POLICY = 17, 18, 19, 20
SUCCEED_LOG, ADD_KEY, RETIRE_KEY, COUNTERSIGN, ADD_WITNESS, SET_AUDIENCE = 23, 24, 25, 26, 27, 28
# Fields
CLASS, SELECTOR, CONFIDENCE, STATUS, ATTRIBUTE = 0, 1, 2, 3, 32
# Verdicts
ACCEPT, REJECT = 0, 1

WHOLE_ITEM = [0]
BOX = [1 << 3, 1, 2, 3, 4]


def canonical(value):
    """Deterministic CBOR."""
    return cbor2.dumps(value, canonical=True)


def slot(entry, position):
    return entry << 12 | position


class Head(NamedTuple):
    """A cited head: so many entries of that log are merged, and its key signed that checkpoint."""

    origin: str
    merged: int
    size: int
    root: bytes
    signature: bytes


def signed_head(origin, dataset, merged, size, root, key):
    """A head under the signature of a key, be it the cited log's or not."""
    text = checkpoint_text(f"{origin}/{dataset}", size, root)
    return Head(origin, merged, size, root, key.sign(text.encode()))


def garbage_head(origin, merged, size=None, root=None):
    """A head whose signature nobody made."""
    return Head(origin, merged, merged if size is None else size, root or os.urandom(32), os.urandom(64))


class Changeset:
    """One entry's payload, operation by operation."""

    def __init__(self, *heads):
        self.version = VERSION
        self.strings, self.meta = [], {}
        self.acts, self.operations = [], []
        self.heads, self.heads_as_given = list(heads), False

    # MARK: Strings

    def string(self, text):
        """The string's place in the table; it is put there once."""
        if text not in self.strings:
            self.strings.append(text)
        return self.strings.index(text)

    def another_string(self, text):
        """A new place in the table, also for a string that is there already: no reader may take that."""
        self.strings.append(text)
        return len(self.strings) - 1

    # MARK: Operations

    def operation(self, *members):
        self.operations.append(list(members))
        return self

    def act(self, *members):
        self.acts.append(list(members))
        return self

    def label(self, item, class_name="c", selector=WHOLE_ITEM, fields=()):
        return self.operation(ADD_LABEL, self.string(item), self.string(class_name), selector, *fields)

    def set(self, target, *fields):
        """Sets fields of a label by its id; fields are number, value, number, value…"""
        return self.operation(SET, *self._target(target), *fields)

    def set_class(self, target, class_name):
        return self.set(target, CLASS, self.string(class_name))

    def attribute(self, name):
        """The number of the field that an attribute is."""
        return ATTRIBUTE + self.string(name)

    def review(self, target, verdict, *reason):
        return self.operation(REVIEW, *self._target(target), verdict, *reason)

    def comment(self, target, text):
        return self.operation(COMMENT, *self._target(target), text)

    def comment_item(self, item, text="hi"):
        return self.operation(COMMENT_ITEM, self.string(item), text)

    def _target(self, label):
        origin, _, place = label.rpartition(":")
        entry, position = map(int, place.split("."))
        return self.string(origin), slot(entry, position)

    # MARK: Acts

    def add_key(self, *chain, log_key=None):
        return self.act(ADD_KEY, list(chain), log_key)

    def retire_key(self, fingerprint, index):
        return self.act(RETIRE_KEY, fingerprint, index)

    def add_witness(self, public_key):
        return self.act(ADD_WITNESS, public_key)

    def set_audience(self, *origins):
        return self.act(SET_AUDIENCE, list(origins))

    # MARK: Encoding

    def cite(self, *heads):
        self.heads += heads
        return self

    def payload(self):
        heads = self.heads
        if not self.heads_as_given:
            heads = sorted(heads, key=lambda head: head.origin.encode())
        cited = [[self.string(head.origin), *head[1:]] for head in heads]
        return canonical([self.version, self.strings, cited, self.meta, self.acts + self.operations])


def label(item, class_name="c", *heads, selector=WHOLE_ITEM):
    """A changeset with one label."""
    return Changeset(*heads).label(item, class_name, selector)


def comment(*heads, item="img/1", text="hi"):
    """A changeset with one comment on an item."""
    return Changeset(*heads).comment_item(item, text)
