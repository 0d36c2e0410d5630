"""Who had which role, and whose entries count (DataModel.md, "Roles"; Proof.md, step 4)."""

from changeset import CUT_LOG, RETIRE_KEY, SET_MEMBER, SUCCEED_LOG
from formats import valid_at

READER, ANNOTATOR, REVIEWER, STEWARD = range(4)


class Standing:
    def __init__(self, steward, logs):
        self.steward = steward
        self.spans = {}  # origin: [{"from", "grants": [(index, role)], "cut"}]
        self.successors = {}
        self.retired = {}  # (origin or None for any, certificate): smallest index
        for piece in logs[steward]:
            if self.effective(piece):
                for act in piece.changeset.operations:
                    self.fold(act, None)
        for origin, pieces in logs.items():
            for piece in pieces if origin != steward else []:
                if self.effective(piece):
                    for act in piece.changeset.acts(RETIRE_KEY):
                        self.fold(act, origin)

    def fold(self, act, origin):
        if act[0] == SET_MEMBER:
            _, member, role, _, start = act
            spans = self.spans.setdefault(member, [])
            if not spans or spans[-1]["cut"] is not None:
                spans.append({"from": start, "grants": [], "cut": None})
            spans[-1]["grants"].append((start, role))
            spans[-1]["from"] = min(spans[-1]["from"], start)
        elif act[0] == CUT_LOG and self.spans.get(act[1]):
            span = self.spans[act[1]][-1]
            span["cut"] = act[2] if span["cut"] is None else min(span["cut"], act[2])
        elif act[0] == SUCCEED_LOG:
            self.successors[act[1]] = act[2]
        elif act[0] == RETIRE_KEY:
            key = (origin, act[1])
            self.retired[key] = min(act[2], self.retired.get(key, act[2]))

    def role(self, origin, index):
        if origin == self.steward:
            return STEWARD
        for span in reversed(self.spans.get(origin, [])):
            if index < span["from"]:
                continue
            if span["cut"] is not None and index >= span["cut"]:
                return None
            return next(role for start, role in reversed(span["grants"]) if start <= index)
        return None

    def is_member(self, origin):
        spans = self.spans.get(origin)
        return origin == self.steward or bool(spans and spans[-1]["cut"] is None)

    def effective(self, piece):
        """Whether the acts of an entry about its own log take effect."""
        retired = [self.retired.get((owner, piece.thumbprint)) for owner in (None, piece.origin)]
        return (
            self.role(piece.origin, piece.index) is not None
            and not any(at is not None and at <= piece.index for at in retired)
            and valid_at(piece.certificate, piece.iat)
        )

    def counts(self, piece):
        return self.effective(piece) and self.role(piece.origin, piece.index) > READER

    def owns(self, origin, owner):
        passed = set()
        while owner not in passed:
            if owner == origin:
                return True
            passed.add(owner)
            owner = self.successors.get(owner, owner)
        return False

    def may_change(self, piece, owner):
        role = self.role(piece.origin, piece.index)
        return self.owns(piece.origin, owner) or role >= REVIEWER
