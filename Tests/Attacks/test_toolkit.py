#!/usr/bin/env python3
"""Checks the toolkit itself where no program is needed: trees, notes, payloads, entries.

A toolkit that writes what every node refuses for its form would make all attacks harmless.
"""

import base64
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import cbor2  # noqa: E402
from cryptography.exceptions import InvalidSignature  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: E402

from toolkit import *  # noqa: E402,F403
from toolkit import merkle, notes  # noqa: E402

# MARK: Trees

# Leaves and roots of the Certificate Transparency reference tree.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def trees():
    hashes = [merkle.leaf(each) for each in LEAVES]
    growing, roots = merkle.GrowingTree(), []
    for size in range(len(hashes) + 1):
        roots.append(growing.root())
        assert growing.root() == merkle.tree_root(hashes[:size]), size
        if size < len(hashes):
            growing.add(hashes[size])
    for size, root in ROOTS.items():
        assert roots[size].hex() == root, size
    for size in range(1, len(hashes) + 1):
        for index in range(size):
            proof = merkle.inclusion_proof(hashes[:size], index)
            assert root_by_inclusion(hashes[index], index, size, proof) == roots[size], (size, index)
        for old in range(1, size + 1):
            proof = merkle.consistency_proof(hashes[:size], old)
            assert is_consistent(old, size, proof, roots[old], roots[size]), (old, size)


def root_by_inclusion(leaf, index, size, proof):
    """RFC 9162, section 2.1.3.2, which is another way than the one that made the proof."""
    here, last = leaf, size - 1
    for each in proof:
        if index % 2 or index == last:
            here = merkle.node(each, here)
            while index % 2 == 0 and index:
                index, last = index >> 1, last >> 1
        else:
            here = merkle.node(here, each)
        index, last = index >> 1, last >> 1
    return here


def is_consistent(old, size, proof, old_root, root):
    """RFC 9162, section 2.1.4.2."""
    if old == size:
        return not proof and old_root == root
    if old & (old - 1) == 0:
        proof = [old_root, *proof]
    first, last = old - 1, size - 1
    while first % 2:
        first, last = first >> 1, last >> 1
    one = other = proof[0]
    for each in proof[1:]:
        if first % 2 or first == last:
            one, other = merkle.node(each, one), merkle.node(each, other)
            while first % 2 == 0 and first:
                first, last = first >> 1, last >> 1
        else:
            other = merkle.node(other, each)
        first, last = first >> 1, last >> 1
    return one == old_root and other == root


# MARK: Notes


def checkpoints():
    # The verifier key in the documentation of golang.org/x/mod/sumdb/note.
    known = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    public = base64.b64decode(known.rsplit("+", 1)[1])[1:]
    assert notes.verifier_key("PeterNeumann", public) == known
    key, root = new_key(), bytes(range(32))
    note = notes.checkpoint("a.example/b.example/c", 7, root, key)
    found = ReadCheckpoint(note)
    assert (found.name, found.size, found.root) == ("a.example/b.example/c", 7, root)
    key.public_key().verify(found.signature, notes.checkpoint_text(found.name, 7, root).encode())
    both = notes.cosigned(found.name, 7, root, log_line=found.log_line, origin="w.example", keys=[key], time=9)
    assert ReadCheckpoint(both).cosigners() == ["w.example"]
    assert notes.unbundle(notes.bundle([b"", b"a", b"bc"])) == [b"", b"a", b"bc"]
    assert [tile_path(number) for number in (0, 999, 1000, 1234067)] == ["000", "999", "x001/000", "x001/x234/067"]


# MARK: Changesets

# The example in Docs/Protocol.md, section 4.
EXAMPLE = (
    "85028"
    "46f616e6e406f656d2e6578616d706c656c696d672f303030312e706e676573686f7274656c61796572"
    "80a10000818801010285"
    "0a1903e8190802190bb8190fb902f93a0018230"
    "2"
)


def changesets():
    changes = Changeset()
    changes.meta = {0: changes.string("ann@oem.example")}
    item, short, layer = (changes.string(each) for each in ("img/0001.png", "short", "layer"))
    box = [1 << 3 | 2, 1000, 2050, 3000, 4025]
    changes.operation(ADD_LABEL, item, short, box, CONFIDENCE, 0.75, ATTRIBUTE + layer, 2)
    assert changes.payload().hex() == EXAMPLE, changes.payload().hex()
    value = cbor2.loads(Changeset(garbage_head("z.example", 3), garbage_head("a.example", 2, 9)).label("i").payload())
    names = [value[1][head[0]] for head in value[2]]
    assert names == ["a.example", "z.example"]
    assert [head[1:3] for head in value[2]] == [[2, 9], [3, 3]]
    assert all(len(head[3]) == 32 and len(head[4]) == 64 for head in value[2])
    twice = Changeset()
    assert (twice.string("a"), twice.string("a"), twice.another_string("a")) == (0, 0, 1)
    changes = Changeset().set_class("a.example:3.2", "c")
    assert changes.operations == [[SET, 1, 3 << 12 | 2, CLASS, 0]]


# MARK: Entries


def entries(folder):
    company = Company("evil.example", folder)
    log = Log(company, "oem.example/boards", 0)
    log.append(label("img/1"))
    log.append(comment(log.head()))
    protected, unprotected, payload, signature = cbor2.loads(log.entries[0]).value
    assert unprotected == {}
    signed = canonical(["Signature1", protected, b"", payload])
    company.node_key.public_key().verify(signature, signed)
    version, strings, _, _, operations = read_entry(log.entries[0])
    assert version == 2 and strings == ["img/1", "c"]
    assert operations[0] == [ADD_KEY, [der(company.node)], raw(log.log_key)]
    assert operations[1] == [ADD_LABEL, 0, 1, [0]]
    head = log.head(merged=1, size=2)
    text = checkpoint_text(log.name, 2, log.roots[2]).encode()
    public = ed25519.Ed25519PublicKey.from_public_bytes(raw(log.log_key))
    public.verify(head.signature, text)
    try:
        public.verify(log.head(key=new_key()).signature, text)
        raise AssertionError("a head under another key verifies")
    except InvalidSignature:
        pass
    copy = log.copy(1)
    copy.append(label("img/2"))
    assert copy.roots[1] == log.roots[1] and copy.roots[2] != log.roots[2]
    assert log.fork_evidence(1).startswith("countermark/equivocation@v2\nlog evil.example/")


def main():
    import tempfile

    trees()
    checkpoints()
    changesets()
    with tempfile.TemporaryDirectory() as folder:
        entries(folder)
    print("the attacks' toolkit: trees, notes, changesets and entries are as they must be")


if __name__ == "__main__":
    main()
