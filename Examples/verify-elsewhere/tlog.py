"""C2SP tlog-proof, tlog-checkpoint, signed-note and tlog-cosignature, and RFC 9162's inclusion proof."""

import base64
import hashlib
import re

from cryptography.hazmat.primitives.asymmetric import ed25519

from formats import need

NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


def number(text):
    need(NUMBER.fullmatch(text) and int(text) < 1 << 63, f"{text[:20]!r} is no number")
    return int(text)


def base64_bytes(text):
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text, "Base64 with unused bits")
    return data


def key_id(name, kind, public):
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def ed25519_holds(public, signature, message):
    ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, message)


def included(index, size, leaf, path, root):
    """Whether a leaf's hash stands in a tree (RFC 9162, section 2.1.3.2)."""
    need(index < size, "the index is beyond the tree")
    need(all(type(h) is bytes and len(h) == 32 for h in path), "not a path of hashes")
    fn, sn = index, size - 1
    for other in path:
        need(sn != 0, "the path is too long")
        if fn & 1 or fn == sn:
            leaf = hashlib.sha256(b"\x01" + other + leaf).digest()
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            leaf = hashlib.sha256(b"\x01" + leaf + other).digest()
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0 and leaf == root, "a leaf is not included under its root")


class Tree:
    """A Merkle tree (RFC 9162, section 2.1.1) over leaves' hashes that come one after another."""

    def __init__(self):
        self.subtrees = []  # (leaves, root), the larger ones first

    def append(self, leaf):
        self.subtrees.append((1, leaf))
        while len(self.subtrees) > 1 and self.subtrees[-1][0] == self.subtrees[-2][0]:
            (size, left), (_, right) = self.subtrees[-2:]
            self.subtrees[-2:] = [(2 * size, hashlib.sha256(b"\x01" + left + right).digest())]

    def root(self):
        if not self.subtrees:
            return hashlib.sha256(b"").digest()
        root = self.subtrees[-1][1]
        for _, left in reversed(self.subtrees[:-1]):
            root = hashlib.sha256(b"\x01" + left + root).digest()
        return root


class Proof:
    """A tlog-proof, taken apart."""

    def __init__(self, data):
        head, separator, note = data.decode().partition("\n\n")
        lines = head.split("\n")
        need(separator and lines[0] == "c2sp.org/tlog-proof@v1", "not a tlog-proof")
        need(lines[1].startswith("index "), "a tlog-proof without index")
        self.index = number(lines[1][6:])
        self.path = [base64_bytes(line) for line in lines[2:]]
        need(len(self.path) <= 63 and all(len(h) == 32 for h in self.path), "not a path of hashes")

        self.text, separator, signatures = note.rpartition("\n\n")
        self.text += "\n"
        need(separator and signatures.endswith("\n"), "not a signed note")
        need(not re.search(r"[\x00-\x09\x0b-\x1f]", note), "control characters in a note")
        fields = self.text[:-1].split("\n")
        need(len(fields) >= 3 and all(fields), "not a checkpoint")
        self.origin, self.size, self.root = fields[0], number(fields[1]), base64_bytes(fields[2])
        need(len(self.root) == 32, "a checkpoint without a root")
        self.signatures = []
        for line in signatures[:-1].split("\n"):
            dash, name, blob = line.split(" ")
            raw = base64_bytes(blob)
            need(dash == "\u2014" and name and "+" not in name and len(raw) > 4, "not a signature line")
            self.signatures.append((name, raw[:4], raw[4:]))
        need(len(self.signatures) <= 1_024, "too many signatures")

    def check(self, entry, log, log_key):
        """Checks that the log has signed the checkpoint and that it covers the entry."""
        need(self.origin == log, f"a checkpoint of {self.origin}, not of {log}")
        own = (log, key_id(log, 1, log_key))
        lines = [(name, key, signature) for name, key, signature in self.signatures if name == log]
        need(lines, f"{log} has not signed its checkpoint")
        for name, key, signature in lines:
            need((name, key) == own, f"{log} is signed with an unknown key")
            ed25519_holds(log_key, signature, self.text.encode())
        leaf = hashlib.sha256(b"\x00" + entry).digest()
        included(self.index, self.size, leaf, self.path, self.root)

    def seen(self, log, witnesses):
        """The witnesses' origins and times, each organisation once.

        `witnesses` maps (note name, key ID) to a cosigning key.
        """
        seen = {}
        for name, key, signature in self.signatures:
            if name == log:
                continue
            need((name, key) in witnesses, f"nobody in the file explains the signature of {name}")
            need(len(signature) == 72, "a cosignature of another length")
            time = int.from_bytes(signature[:8], "big")
            message = f"cosignature/v1\ntime {time}\n{self.text}".encode()
            ed25519_holds(witnesses[name, key], signature[8:], message)
            seen[name] = min(time, seen.get(name, time))
        return seen
