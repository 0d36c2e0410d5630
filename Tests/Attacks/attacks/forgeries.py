"""What a member pushes in the name of others, or of what it is not."""

import struct
import time

from harness import attack
from toolkit import *


class Forgeries:
    """Pushes of an annotator that must change nothing of others'."""

    def __init__(self, t):
        self.t, self.world = t, World(t.folder)
        self.evil, self.victim = self.world.hostile("evil.example"), self.world.hostile("victim.example")
        self.second = self.world.create("second")
        for company in (self.evil, self.victim):
            self.world.member(company.origin, "annotator", self.second)
        self.log, self.others = self.world.log_of(self.evil), self.world.log_of(self.victim)
        t.need(
            self.others.send(label("img/v")),
            f"the victim's label: {self.others.said()}",
            "an honest member may label",
        )

    def refuse(self, what, answer, owner, name, size):
        """An answer to a forgery: a 4xx, and the node holds `size` entries of that log, as before."""
        held = owner.held(self.world.port, name)
        self.t.check(
            400 <= answer[0] < 500,
            f"{what}: answered with {answer[0]} {one_line(answer[1], 120)}",
            "a forgery is refused with a 4xx",
        )
        self.t.check(held == size, f"{what}: the node holds {held} entries of {name}", f"it holds {size}")
        self.t.alive(self.world, what)

    def foreign_entries(self):
        """Another company's entries under another dataset, as its own, with other keys."""
        world, evil, victim = self.world, self.evil, self.victim
        forged = world.log_of(victim, self.second)
        for entry in self.others.entries:
            forged.append_raw(entry)
        self.refuse("entries under another dataset", forged.push(0, via=evil), victim, forged.name, 0)
        forged = world.log_of(evil)
        forged.append_raw(self.others.entries[0])
        self.refuse("another's entry as its own", forged.push(0), evil, forged.name, 0)
        forged = self.others.copy()
        forged.log_key = evil.log_key
        forged.append(comment(), key=evil.node_key, certificate=evil.node)
        self.refuse("own keys in another's log", forged.push(1, via=evil), victim, forged.name, 1)
        forged = self.others.copy()
        forged.append(comment(), key=evil.node_key)
        self.refuse("own signature over another's certificate", forged.push(1, via=evil), victim, forged.name, 1)
        true = self.others.copy()
        true.append(comment(text="relay"))
        status, body = true.push(1, via=evil)
        if self.t.check(
            status == 200, f"a true entry that another member brings: {status} {one_line(body)}", "it is taken"
        ):
            self.others = true
        note = self.others.checkpoint(1)
        path = f"/v1/logs/{self.others.name}/entries?from={self.others.size}"
        answer = evil.call(world.port, "POST", path, struct.pack(">I", len(note)) + note)
        self.refuse("an older checkpoint", answer, victim, self.others.name, self.others.size)

    def foreign_certificates(self):
        """addKey with certificates that do not speak for the company, or not now."""
        evil = self.evil
        authority_key, authority = make_authority("other")
        for what, (key, certificate) in {
            "for the victim": evil.issue("victim.example"),
            "wildcard": evil.issue("*.example"),
            "trailing dot": evil.issue("evil.example."),
            "subdomain": evil.issue("sub.evil.example"),
            "no digitalSignature": evil.issue(signs=False),
            "root that is not pinned": issue(authority_key, authority, dns("evil.example")),
            "expired": evil.issue(begins=later(days=-9), ends=later(days=-1)),
        }.items():
            forged = self.world.log_of(evil)
            changes = Changeset().add_key(der(certificate), log_key=raw(forged.log_key))
            forged.append(changes, introduce=False, key=key, certificate=certificate)
            self.refuse("addKey, certificate: " + what, forged.push(0), evil, forged.name, 0)

    def foreign_claims(self):
        log, evil = self.log, self.evil
        self.t.need(log.send(label("img/e")), f"the attacker's own label: {log.said()}", "it may label")
        for what, signing in {
            "another issuer": {"iss": "victim.example"},
            "another dataset as subject": {"sub": self.second},
            "an unknown critical header": {"header": {2: [99], 99: 1}},
        }.items():
            forged = log.copy()
            forged.append(comment(), **signing)
            self.refuse(what, forged.push(log.size), evil, log.name, log.size)
        forged = log.copy()
        old = comment()
        old.version = 1
        forged.append(old)
        self.refuse("wire version 1", forged.push(log.size), evil, log.name, log.size)

    def what_may_be_stored(self):
        """Entries that may be stored, and that must not do what they say."""
        log, victim, t = self.log, self.victim, self.t
        year = 31_536_000
        for iat in (-1, 2**63 - 1, int(time.time()) - 10 * year, int(time.time()) + 10 * year):
            log.send(label("img/odd-time"), iat=iat)
            t.truthful(log, f"iat {iat}")
        acts = Changeset().act(SET_MEMBER, "evil.example", 3, [], raw(self.evil.log_key), 0)
        acts.act(CUT_LOG, "victim.example", 0).act(SET_POLICY, "role-rank")
        acts.act(SUCCEED_LOG, "victim.example", "evil.example").act(SET_SCHEMA, "{}")
        t.send(log, acts.retire_key(fingerprint(victim.node), 0), "the steward's acts in its own log")
        target = "victim.example:0.1"
        head = self.others.head()
        t.send(
            log,
            Changeset(*self.world.context(self.evil, head)).set_class(target, "EVIL"),
            "a change of another's label",
        )
        t.send(log, Changeset().review(f"evil.example:{log.size - 1}.0", ACCEPT), "its acceptance by its own author")
        both = Changeset().set_class(target, "EVIL")
        self.t.send(log, both.review(f"evil.example:{log.size}.0", ACCEPT))
        self.t.send(log, label("img/v", "EVIL", selector=[18 << 3, [[1, target, "r", [0]]]]))
        t.check(
            self.others.send(label("img/v2")),
            f"the victim's next label: {self.others.said()}",
            "an honest member goes on",
        )
        self.world.cut("evil.example")
        log.send(label("img/late", "BACKDATED"), iat=int(time.time()) - 3000)

    def nothing_is_changed(self):
        world, t = self.world, self.t
        rows = world.rows(world.oem)
        mine = sorted((row["item"], row["class"], row["status"]) for row in rows if row["org"] == "victim.example")
        wanted = [("img/v", "c", "active"), ("img/v2", "c", "active")]
        t.check(mine == wanted, f"the victim's labels are now {mine}", "both labels as the victim wrote them")
        t.check(
            not any(row["item"] in ("img/late", "img/odd-time") for row in rows),
            "a backdated label, or one of a time outside its certificate, is counted",
            "it is not",
        )
        members = cm("dataset", "show", world.dataset, "--json", home=world.oem).json["members"]
        roles = {member["org"]: (member["role"], member["cutIndex"] is not None) for member in members}
        wanted = {
            STEWARD: ("steward", False),
            "evil.example": ("annotator", True),
            "victim.example": ("annotator", False),
        }
        t.check(roles == wanted, f"the members (role, cut) are {roles}", "roles come from the steward alone")
        shown = cm("dataset", "show", self.second, "--json", home=world.oem).json
        t.check(shown["members"][0]["org"] == STEWARD, "the second dataset has another owner", "its steward owns it")
        t.alive(world, "all forgeries")
        t.agree(world, {"oem": world.oem})


@attack(
    "forged",
    "annotator, and a cut member (guard)",
    "another company's entries under another dataset or as its own; foreign signatures and claims; certificates for"
    " other names in addKey; odd times; the steward's acts; a suggestion accepted by its own author; backdating after"
    " its cut; wire version 1",
    "what must not be stored is refused with a 4xx and not kept; what may be stored changes no label of another, no"
    " role, no key; a true entry of another is taken from anybody; `verify` holds",
)
def forged(t):
    attempts = Forgeries(t)
    attempts.foreign_entries()
    attempts.foreign_certificates()
    attempts.foreign_claims()
    attempts.what_may_be_stored()
    attempts.nothing_is_changed()
