"""Checkpoints as signed notes, bundles of entries, and cosignatures."""

import base64
import struct

from .certificates import raw, sha256

LOG_SIGNATURE, COSIGNATURE = 1, 4  # the algorithm bytes of C2SP signed notes


def b64(data):
    return base64.b64encode(data).decode()


def key_id(name, public_key, algorithm=LOG_SIGNATURE):
    """The four bytes that name a key in a note's signature line."""
    return sha256(name.encode() + b"\n" + bytes([algorithm]) + public_key)[:4]


def verifier_key(name, public_key):
    identifier = key_id(name, public_key).hex()
    return f"{name}+{identifier}+{b64(bytes([LOG_SIGNATURE]) + public_key)}"


def checkpoint_text(log_name, size, root):
    """What a log's key signs."""
    return f"{log_name}\n{size}\n{b64(root)}\n"


def checkpoint(log_name, size, root, key):
    """A checkpoint with the log's signature."""
    text = checkpoint_text(log_name, size, root)
    line = b64(key_id(log_name, raw(key)) + key.sign(text.encode()))
    return f"{text}\n— {log_name} {line}\n".encode()


def cosigned(log_name, size, root, *, log_line, origin, keys, time):
    """The checkpoint with its log's line and one cosignature for each key of a company."""
    text = checkpoint_text(log_name, size, root)
    out = text + "\n" + log_line + "\n"
    signed = f"cosignature/v1\ntime {time}\n{text}".encode()
    for key in keys:
        identifier = key_id(origin, raw(key), COSIGNATURE)
        out += f"— {origin} {b64(identifier + struct.pack('>Q', time) + key.sign(signed))}\n"
    return out.encode()


class ReadCheckpoint:
    """A checkpoint as a node serves it."""

    def __init__(self, note):
        text = note.decode() if isinstance(note, bytes) else note
        body, _, signatures = text.partition("\n\n")
        self.name, size, root = body.split("\n")[:3]
        self.size, self.root = int(size), base64.b64decode(root)
        self.lines = [line for line in signatures.split("\n") if line]

    @property
    def log_line(self):
        return next(line for line in self.lines if line.startswith(f"— {self.name} "))

    @property
    def signature(self):
        """The 64 bytes that the log's own key signed, without the key's id."""
        return base64.b64decode(self.log_line.rsplit(" ", 1)[1])[4:]

    def cosigners(self):
        return [line.split(" ")[1] for line in self.lines if line != self.log_line]


def bundle(entries):
    """Entries as bundles and pushes hold them: each with its length in 16 bits in front."""
    return b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)


def unbundle(data):
    entries = []
    while data:
        end = 2 + int.from_bytes(data[:2], "big")
        entries.append(data[2:end])
        data = data[end:]
    return entries
