"""Who had which role, whose entries count, and what their authors knew (DataModel.md, "Roles"; Proof.md, step 4)."""

import base64
import hashlib

from cryptography.exceptions import InvalidSignature

from changeset import (ADD_KEY, ADD_WITNESS, COUNTERSIGN, CUT_LOG, RELEASE, RETIRE_KEY, SET_MEMBER,
                       SET_RELEASE_POLICY, SUCCEED_LOG)
from formats import valid_at
from tlog import ed25519_holds

READER, ANNOTATOR, REVIEWER, STEWARD = range(4)
# How many acts of a kind count in one log.
LIMITS = {ADD_KEY: 1_024, RETIRE_KEY: 1_024, ADD_WITNESS: 16, COUNTERSIGN: 4_096}
# The member of a release's terms that makes it a withdrawal.
WITHDRAWAL = 8


class Member:
    def __init__(self):
        self.spans = []  # (first entry, role or None)
        self.cut = None
        self.roots = []
        self.log_keys = []  # (steward's entry, key)


class NamedRelease:
    """The first release act of a name, and what was said of it."""

    def __init__(self, act, policy):
        self.act, self.policy, self.withdrawal = act, policy, None


class Standing:
    """The fold of the acts in some pieces: the steward's log first, then the others."""

    def __init__(self, steward, dataset, logs):
        self.steward, self.dataset, self.logs = steward, dataset, logs
        self.members, self.successors = {}, {}
        self.introduced = {}  # log: certificates' hashes
        self.log_keys = {}  # log: key
        self.witness_keys = {}  # log: keys, the oldest first
        self.releases, self.countersigned, self.release_policy = {}, {}, None
        self.by_steward, self.by_owner = {}, {}  # (log, certificate's hash): index
        for origin, pieces in logs.items():
            for piece in pieces:
                for _, chain, log_key in piece.changeset.acts(ADD_KEY):
                    self.introduced.setdefault(origin, []).append(hashlib.sha256(chain[0]).digest())
                    if log_key is not None:
                        self.log_keys.setdefault(origin, log_key)
        for origin in [steward, *sorted(o for o in logs if o != steward)]:
            counts = {}
            for piece in logs.get(origin, []):
                for act in piece.changeset.operations:
                    if act[0] < 16:
                        break
                    counts[act[0]] = counts.get(act[0], 0) + 1
                    if counts[act[0]] <= LIMITS.get(act[0], 1 << 40) and self.effective(piece):
                        self.fold(act, piece)
        self.known = {}  # log: (index, other log, entries of it that were merged)
        self.false = set()
        for origin in [steward, *sorted(o for o in logs if o != steward)]:
            for piece in logs.get(origin, []):
                self.take_heads(piece)

    def fold(self, act, piece):
        origin, kind = piece.origin, act[0]
        if kind == ADD_WITNESS:
            keys = self.witness_keys.setdefault(origin, [])
            if act[1] not in keys:
                keys.append(act[1])
        elif kind == RETIRE_KEY and origin != self.steward:
            if act[1] in self.introduced.get(origin, []):
                self.by_owner.setdefault((origin, act[1]), act[2])
        elif kind == COUNTERSIGN and origin != self.steward:
            self.countersigned.setdefault(act[1], {})[origin] = act[2]
        elif origin != self.steward:
            return
        elif kind == RELEASE:
            self.release(act)
        elif kind == SET_RELEASE_POLICY:
            self.release_policy = act[1:]
        elif kind == RETIRE_KEY:
            for log, keys in self.introduced.items():
                if act[1] in keys:
                    self.by_steward[log, act[1]] = act[2]
        elif kind == SET_MEMBER and act[1] != self.steward:
            self.set_member(act, piece)
        elif kind == CUT_LOG and act[1] in self.members:
            member = self.members[act[1]]
            member.cut = act[2] if member.cut is None else min(member.cut, act[2])
        elif kind == SUCCEED_LOG:
            ended, successor = act[1:]
            if ended not in (self.steward, successor) and not self.owns(ended, successor):
                self.successors[ended] = successor

    def release(self, act):
        withdrawal = (act[4:] or [{}])[0].get(WITHDRAWAL)
        known = self.releases.get(act[1])
        if withdrawal is None:
            self.releases.setdefault(act[1], NamedRelease(act, self.release_policy))
        elif known and known.act[2] == act[2] and known.withdrawal is None:
            known.withdrawal = withdrawal

    def set_member(self, act, piece):
        _, origin, role, roots, log_key, start = act
        member = self.members.setdefault(origin, Member())
        member.roots += [root for root in roots if root not in member.roots]
        member.spans = [span for span in member.spans if span[0] < start]
        cut, member.cut = member.cut, None
        if cut is not None and cut < start:
            member.spans = [span for span in member.spans if span[0] < cut] + [(cut, None)]
        member.spans.append((start, role))
        if log_key is not None and (not member.log_keys or member.log_keys[-1][1] != log_key):
            member.log_keys.append((piece.index, log_key))

    # MARK: Heads

    def take_heads(self, piece):
        """Heads hold if the cited log's key signed them: the one that the steward's log names within what the
        entry has merged of it."""
        own = piece.origin == self.steward
        for head in piece.changeset.heads:
            if head[0] == self.steward:
                self.take(piece, head, None if own else self.log_keys.get(self.steward))
        named = piece.index + 1 if own else self.knows(piece.origin, piece.index, self.steward)
        for head in piece.changeset.heads:
            if head[0] != self.steward:
                member = self.members.get(head[0])
                keys = [k for entry, k in member.log_keys if entry < named] if member else []
                own_log = head[0] == piece.origin
                self.take(piece, head, keys[-1] if keys and not own_log else None)

    def take(self, piece, head, key):
        origin, merged, size, root, signature = head
        text = f"{origin}/{self.dataset}\n{size}\n{base64.b64encode(root).decode()}\n"
        try:
            if key is None:
                raise InvalidSignature
            ed25519_holds(key, signature, text.encode())
            self.known.setdefault(piece.origin, []).append((piece.index, origin, merged))
        except InvalidSignature:
            self.false.add((piece.origin, piece.index))

    def knows(self, origin, index, other):
        """How much of another log an author had merged at an entry."""
        known = self.known.get(origin, [])
        return max((m for at, o, m in known if o == other and at <= index), default=0)

    # MARK: Judging

    def role(self, origin, index):
        if origin == self.steward:
            return STEWARD
        member = self.members.get(origin)
        if member is None or (member.cut is not None and index >= member.cut):
            return None
        return next((role for start, role in reversed(member.spans) if start <= index), None)

    def is_member(self, origin):
        member = self.members.get(origin)
        return origin == self.steward or (member is not None and member.cut is None)

    def effective(self, piece):
        """Whether the acts of an entry about its own log take effect."""
        key = (piece.origin, piece.thumbprint)
        retired = [self.by_owner.get(key), self.by_steward.get(key)]
        return (
            self.role(piece.origin, piece.index) is not None
            and not any(at is not None and at <= piece.index for at in retired)
            and valid_at(piece.certificate, piece.iat)
        )

    def counts(self, piece):
        return (self.effective(piece) and self.role(piece.origin, piece.index) > READER
                and (piece.origin, piece.index) not in self.false)

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
