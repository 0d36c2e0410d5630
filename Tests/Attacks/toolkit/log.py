"""A log that is written by hand."""

import json
import os
import struct
import time

import cbor2

from . import changesets, merkle, notes
from .certificates import fingerprint, raw, sha256
from .changesets import Changeset, canonical
from .program import COMMAND_LIMIT, one_line

ENTRY_BYTES_MAX = 65_535


class Log:
    """The log of one company in one dataset: entries, tree, checkpoints, pushes."""

    def __init__(self, company, dataset, port, log_key=None):
        self.company, self.dataset, self.port = company, dataset, port
        self.origin = company.origin
        self.log_key = log_key or company.log_key
        self.name = f"{company.origin}/{dataset}"
        self._reset([])
        self.status, self.answer, self.stored = None, b"", False

    def _reset(self, entries):
        self.entries, self._tree = [], merkle.GrowingTree()
        self.roots = [sha256(b"")]  # by size
        for entry in entries:
            self.append_raw(entry)

    def copy(self, size=None):
        """Another history that begins with the first `size` entries of this one."""
        other = Log(self.company, self.dataset, self.port, self.log_key)
        other._reset(self.entries[:size])
        return other

    @property
    def size(self):
        return len(self.entries)

    @property
    def leaves(self):
        return [merkle.leaf(entry) for entry in self.entries]

    def last_id(self, position=0):
        """The id of an operation of the newest entry."""
        return f"{self.origin}:{self.size - 1}.{position}"

    # MARK: Entries

    def sign(self, payload, *, iat=None, key=None, certificate=None, iss=None, sub=None, header=None):
        """One entry around a payload. What is named stands in the place of what is true."""
        claims = {
            1: iss or self.origin,
            2: sub or self.dataset,
            6: int(time.time()) if iat is None else iat,
        }
        signer = fingerprint(certificate or self.company.node)
        protected = canonical(
            {
                1: -8,
                3: "application/vnd.countermark.changeset+cbor",
                15: claims,
                34: [-16, signer],
                **(header or {}),
            }
        )
        signed = canonical(["Signature1", protected, b"", payload])
        signature = (key or self.company.node_key).sign(signed)
        return canonical(cbor2.CBORTag(18, [protected, {}, payload, signature]))

    def append_raw(self, entry):
        assert len(entry) <= ENTRY_BYTES_MAX, len(entry)
        self.entries.append(entry)
        self._tree.add(merkle.leaf(entry))
        self.roots.append(self._tree.root())

    def append(self, changes, *, introduce=True, **signing):
        """Appends an entry; the log's first one introduces the company's key before all else.

        `changes` is a Changeset, or the bytes of a payload.
        """
        if isinstance(changes, Changeset):
            if self.size == 0 and introduce:
                chain, log_key = self.company.introduction(self.log_key)
                changes.acts.insert(0, [changesets.ADD_KEY, chain, log_key])
            changes = changes.payload()
        self.append_raw(self.sign(changes, **signing))

    # MARK: Checkpoints and heads

    def checkpoint(self, size=None, root=None, key=None):
        size = self.size if size is None else size
        return notes.checkpoint(self.name, size, root or self.roots[size], key or self.log_key)

    def head(self, merged=None, size=None, root=None, key=None):
        """A head of this log, signed by its own key: also one of a size or a root that it never had."""
        merged = (self.size if size is None else size) if merged is None else merged
        size = max(merged, self.size) if size is None else size
        if root is None:
            root = self.roots[size] if size <= self.size else os.urandom(32)
        return changesets.signed_head(self.origin, self.dataset, merged, size, root, key or self.log_key)

    # MARK: Pushes

    def body(self, begin, end=None, checkpoint=None):
        note = checkpoint or self.checkpoint(end)
        return struct.pack(">I", len(note)) + note + notes.bundle(self.entries[begin:end])

    def push(self, begin, end=None, *, via=None, limit=COMMAND_LIMIT):
        """Pushes entries as they stand: (status, body)."""
        path = f"/v1/logs/{self.name}/entries?from={begin}"
        return (via or self.company).call(self.port, "POST", path, self.body(begin, end), timeout=limit)

    def send(self, changes, *, via=None, limit=COMMAND_LIMIT, **signing):
        """Appends one entry and pushes it; True if the node kept it.

        What it did not keep is taken away again. `stored`, `status` and `answer` say what happened.
        """
        self.append(changes, **signing)
        return self.hand_over(self.size - 1, via=via, limit=limit)

    def hand_over(self, begin=0, *, via=None, limit=COMMAND_LIMIT):
        """Pushes all entries from begin on; those that the node did not keep are taken away again."""
        self.status, self.answer = self.push(begin, via=via, limit=limit)
        held = self.company.held(self.port, self.name)
        self.stored = self.status == 200 if held is None else held >= self.size
        if not self.stored:
            self._reset(self.entries[: begin if held is None else max(begin, held)])
        return self.stored

    def said(self):
        return f"{self.status} {one_line(self.answer, 160)}"

    def code(self):
        """The code of the refusal that the last push was answered with."""
        try:
            return json.loads(self.answer).get("code")
        except (ValueError, AttributeError):
            return None

    # MARK: Evidence

    def fork_evidence(self, prefix):
        """A file that proves two histories with `prefix` common entries: this log, and one made here."""
        other = self.copy(prefix)
        other.append(Changeset().comment_item("img/x", f"fork {prefix}"))
        out = f"countermark/equivocation@v2\nlog {notes.verifier_key(self.name, raw(self.log_key))}\n"
        out += f"prefix {prefix}\n"
        if prefix:
            out += f"root {notes.b64(self.roots[prefix])}\n"
        out += "\n"
        histories = [other, self.copy(prefix + 1)]
        for history in sorted(histories, key=lambda each: (each.size, each.roots[each.size])):
            leaves, note = history.leaves, history.checkpoint()
            out += f"leaf {notes.b64(leaves[prefix])}\n"
            out += _lines(merkle.inclusion_proof(leaves, prefix))
            out += _lines(merkle.consistency_proof(leaves, prefix) if prefix else [])
            out += f"checkpoint {len(note)}\n{note.decode()}"
        return out


def _lines(hashes):
    return "".join(notes.b64(each) + "\n" for each in hashes) + "\n"


def read_entry(entry):
    """The payload of an entry as a list: [version, strings, heads, meta, operations]."""
    return cbor2.loads(cbor2.loads(entry).value[2])
