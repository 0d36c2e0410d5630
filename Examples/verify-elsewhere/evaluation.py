"""What the entries of a proof come to (Proof.md, steps 4 and 5): who counts, who wrote, what stands."""

import hashlib

import cbor2

from changeset import ADD_ANNOTATION, REVIEW, SET
from formats import need
from standing import Standing

REPLACED, STANDING, SUGGESTED, DECIDED = range(4)


def slot(op):
    """An operation's id as text."""
    return f"{op[0]}:{op[1]}.{op[2]}"


class Evaluation:
    """The fold of all pieces of a label's proof, or of those below some heads."""

    def __init__(self, label, sizes=None):
        self.label, self.target = label, label.target
        self.logs = {
            origin: [p for p in pieces if sizes is None or p.index < sizes.get(origin, 0)]
            for origin, pieces in label.logs.items()
        }
        self.standing = Standing(label.steward, label.dataset, self.logs)
        self.counted = {
            (piece.origin, piece.index): piece
            for pieces in self.logs.values() for piece in pieces if self.standing.counts(piece)
        }
        self.own = self.counted.get(self.target[:2])
        need(self.own, f"the entry of {label.annotation} is not in the file or does not count")
        need(self.target[2] < len(self.own.changeset.operations), "no such operation")
        added = self.own.changeset.operations[self.target[2]]
        need(added[0] == ADD_ANNOTATION, f"{label.annotation} adds no annotation")
        _, self.item, name, selector, fields = added
        self.writes = []  # (operation, register, value)
        self.rows = []  # (operation, register, state)
        self.write(self.target, {"class": name, "selector": selector, **fields})
        self.gather()
        for op, register, _ in self.writes:
            self.rows.append((op, register, REPLACED if self.replaced(op, register) else STANDING))

    def write(self, op, fields):
        self.writes += [(op, register, value) for register, value in fields.items()]

    def covers(self, later, earlier):
        """Whether one operation, (origin, entry, position), knew of another."""
        if later[0] == earlier[0]:
            return earlier[1:] < later[1:]
        return self.standing.knows(later[0], later[1], earlier[0]) > earlier[1]

    def operations(self):
        for piece in self.counted.values():
            for position, operation in enumerate(piece.changeset.operations):
                yield piece, (piece.origin, piece.index, position), operation

    def gather(self):
        suggestions, decisions = {}, []
        for piece, op, operation in self.operations():
            if operation[0] == SET and operation[1] == self.target:
                if not self.covers(op, self.target):
                    continue
                if self.standing.may_change(piece, self.target[0]):
                    self.write(op, operation[2])
                else:
                    suggestions[op] = operation[2]
                    self.rows += [(op, register, SUGGESTED) for register in operation[2]]
            elif operation[0] == REVIEW and operation[1] == self.target:
                if self.covers(op, self.target):
                    reviewer = "/".join(filter(None, [piece.origin, piece.changeset.author]))
                    self.write(op, {"\0review/" + reviewer: operation[2]})
            elif operation[0] == REVIEW and self.covers(op, self.target):
                decisions.append((piece, op, operation[1], operation[2]))
        for piece, op, suggestion, verdict in decisions:
            if (suggestion in suggestions and self.standing.may_change(piece, self.target[0])
                    and self.covers(op, suggestion)):
                self.rows.append((op, "\0decision/" + slot(suggestion), DECIDED))
                if verdict == 0:
                    self.write(op, suggestions[suggestion])

    def replaced(self, op, register):
        return any(
            o != op and n == register and self.covers(o, op) for o, n, _ in self.writes
        )

    def values(self):
        """The standing values of every field."""
        standing = {}
        for op, register, value in self.writes:
            if not self.replaced(op, register):
                # By encoding: an integer and a float are different values.
                standing.setdefault(register, {})[cbor2.dumps(value, canonical=True)] = value
        return {register: list(found.values()) for register, found in standing.items()}

    def contents(self):
        """The number of rows and their hash, as statements have it."""
        rows = sorted(self.rows, key=lambda r: (r[0][0].encode(), r[0][1:], r[1].encode()))
        rows = [[slot(op), self.counted[op[:2]].leaf, register, state]
                for op, register, state in rows]
        return len(rows), hashlib.sha256(cbor2.dumps(rows, canonical=True)).digest()
